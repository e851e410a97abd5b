"""The one error boundary, and `main`."""

import os
import sys
from typing import Any

import typer

from drill import __version__
from drill.errors import DrillError


def main() -> None:
    """Run the command line; every error that drill knows ends here, as a sentence and an exit code."""
    try:
        _run(sys.argv[1:])
    except DrillError as error:
        _complain(error.message, error.hint)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _complain("interrupted")
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of the pipe has gone; leave nothing for the interpreter to flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except Exception as error:
        raise SystemExit(_internal(error)) from None


def _run(words: list[str]) -> None:
    if words[:1] == ["quiz"]:
        # Alone: the first card would wait for the other commands, which cost a quarter of its time.
        from drill.cli import quiz

        quiz.app(args=words[1:], prog_name="drill quiz")
    else:
        from drill.cli.commands import app

        app()


def _complain(message: str, hint: str = "") -> None:
    typer.echo(f"drill: {message}", err=True)
    if hint:
        typer.echo(f"       {hint}", err=True)


def _internal(error: Exception) -> int:
    """Write a fault of drill's own to a log, and say where it is."""
    import traceback
    from datetime import UTC, datetime

    from drill import paths

    text = "".join(traceback.format_exception(error))
    log: Any = paths.data_dir() / "drill.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {__version__} {sys.argv[1:]}\n{text}\n")
    except OSError:
        _complain(f"a fault in drill itself: {text}")
    else:
        _complain(
            f"a fault in drill itself: {type(error).__name__}: {error}",
            f"the details are in {log}; please report them",
        )
    return 3
