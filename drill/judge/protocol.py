"""What the judge is asked and what it says: one JSON object a line, never pickles.

The child's messages, in the only order that adds up: `confined`, `collected` (before any line of the
submission runs), then `imported` or `refused`, then for each check in order `started` and `checked`, then `finished`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from drill.challenge import Limits, Rule


def framed(head: dict[str, Any]) -> bytes:
    """The first part of a request, with its length: what follows it must not be read by accident."""
    data = json.dumps(head).encode()
    return len(data).to_bytes(4, "big") + data


@dataclass(frozen=True, slots=True)
class Job:
    """One submission to judge. It carries text, not paths: the child sees no file of the user's."""

    challenge: str
    submission: str
    filename: str  # what tracebacks call the submission
    checks: str
    entry: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    rules: tuple[Rule, ...] = ()
    device: str = "cpu"
    seed: int = 0
    isolated: bool = False  # the submission in a process of its own, apart from the checks

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "entry": tuple(data["entry"]),
                "limits": Limits(**data["limits"]),
                "rules": tuple(
                    Rule(tuple(rule["forbid"]), rule["message"]) for rule in data["rules"]
                ),
            }
        )


# The child's messages; `event` is one of these words, the other keys are named beside it.
CONFINED = "confined"  # missing: layers that could not be applied; milliseconds: {step: time}
FAILED = "failed"  # message: the judge's own failure, before any line of the submission ran
COLLECTED = (
    "collected"  # checks: [{"id", "title"}], in the order they will run; device: the one in use
)
IMPORTED = "imported"  # the submission defines every entry name
REFUSED = "refused"  # verdict, message, hint, frames: it never got as far as the checks
STARTED = "started"  # id
CHECKED = "checked"  # report: a CheckReport as JSON; rule: the broken rule's message or ""
TAMPERED = "tampered"  # what: names of things that were changed under the judge
FINISHED = "finished"

# The warden's last message to the client.
REPORT = "report"  # report: a Report as JSON
