"""What a judging says: one word for the whole, and the details of each check. Plain types, to and from JSON."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    WRONG_ANSWER = "wrong answer"
    NOT_ATTEMPTED = "not attempted"
    RULE_BROKEN = "rule broken"
    ERROR = "error"
    TIME_LIMIT = "time limit"
    MEMORY_LIMIT = "memory limit"
    OUTPUT_LIMIT = "output limit"
    CRASHED = "crashed"
    TAMPERED = "tampered"
    JUDGE_FAILURE = "judge failure"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # the submission raised where a check expected a value
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of the submission on the way to an exception."""

    line: int
    function: str
    code: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """How one check ended, and for a failed one what to do about it."""

    id: str
    title: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    mistake: str = ""  # the recognised wrong idea, "" where none fits
    details: tuple[str, ...] = ()  # expected against actual
    tried: tuple[str, ...] = ()  # the call, with shapes, dtypes and device
    hint: str = ""
    frames: tuple[Frame, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            id=data["id"],
            title=data["title"],
            outcome=Outcome(data["outcome"]),
            seconds=data["seconds"],
            message=data["message"],
            mistake=data["mistake"],
            details=tuple(data["details"]),
            tried=tuple(data["tried"]),
            hint=data["hint"],
            frames=tuple(Frame(**frame) for frame in data["frames"]),
        )

    @property
    def function(self) -> str:
        """The check's function, without the parametrization in brackets."""
        return self.id.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Report:
    """One judging. `message` and `hint` explain a verdict that no single check explains."""

    challenge: str
    verdict: Verdict
    checks: tuple[CheckReport, ...] = ()
    message: str = ""
    hint: str = ""
    frames: tuple[Frame, ...] = ()
    output: str = ""  # what the submission printed, cut at the limit
    seed: int = 0
    device: str = "cpu"
    torch: str = ""
    sandbox: str = ""  # the level that was reached: full, strict or basic
    missing_layers: tuple[str, ...] = ()
    isolated: bool = False  # the submission ran in a process of its own, apart from the checks
    warm: bool = False
    seconds: float = 0.0  # from the request to the verdict

    @property
    def failed(self) -> tuple[CheckReport, ...]:
        return tuple(c for c in self.checks if c.outcome in (Outcome.FAILED, Outcome.ERROR))

    @property
    def passed(self) -> int:
        return sum(check.outcome is Outcome.PASSED for check in self.checks)

    @property
    def exit_code(self) -> int:
        if self.verdict is Verdict.ACCEPTED:
            return 0
        return 3 if self.verdict is Verdict.JUDGE_FAILURE else 1

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            **{
                **data,
                "verdict": Verdict(data["verdict"]),
                "checks": tuple(CheckReport.from_json(check) for check in data["checks"]),
                "frames": tuple(Frame(**frame) for frame in data["frames"]),
                "missing_layers": tuple(data["missing_layers"]),
            }
        )
