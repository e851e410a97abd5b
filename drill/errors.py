"""What drill raises for a cause it knows; the command line turns it into one sentence and an exit code."""


class DrillError(Exception):
    """Something went wrong that a person can act on: what, where, and what to do next."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(DrillError):
    """The command cannot be carried out as it was typed."""

    exit_code = 2


class SpecError(UsageError):
    """A challenge, pack or deck is not written as its format asks."""


class JudgeError(DrillError):
    """The judge itself failed; the submission was not judged."""
