"""A challenge as the rest of drill sees it: frozen types, no input or output."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one judging may use; `memory_mb` counts the resident memory of the whole process tree."""

    wall_s: float = 10.0
    cpu_s: float = 30.0
    memory_mb: int = 2048
    file_mb: int = 64
    output_kb: int = 256
    processes: int = 32
    threads: int = 64
    exec: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """Names of torch that a submission must do without, and what to write instead."""

    forbid: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong answer kept in `mistakes/`, and what its author must be told."""

    file: str
    message: str
    fails: str = ""
    verdict: str = "wrong answer"


@dataclass(frozen=True, slots=True)
class FollowUp:
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Challenge:
    id: str
    pack: str
    path: Path
    title: str
    summary: str
    difficulty: Difficulty
    minutes: int
    topics: tuple[str, ...]
    entry: tuple[str, ...]
    hints: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()
    limits: Limits = Limits()
    rules: tuple[Rule, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    links: tuple[Link, ...] = ()
    discussion: str = ""
    equivalent_mutants: tuple[str, ...] = ()
    isolable: bool = False  # the checks reach the submission through plain values only

    @property
    def stub(self) -> Path:
        return self.path / "stub.py"

    @property
    def checks(self) -> Path:
        return self.path / "checks.py"

    @property
    def statement(self) -> Path:
        return self.path / "statement.md"

    @property
    def solutions(self) -> tuple[Path, ...]:
        """The right answers, the reference first."""
        files = sorted((self.path / "solutions").glob("*.py"))
        return tuple(sorted(files, key=lambda file: file.name != "reference.py"))


@dataclass(frozen=True, slots=True)
class TrackDay:
    """One day of a track."""

    challenges: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """A way through a pack: a plain order, or days."""

    title: str
    challenges: tuple[str, ...] = ()
    days: tuple[TrackDay, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        return (*self.challenges, *(name for day in self.days for name in day.challenges))


@dataclass(frozen=True, slots=True)
class PackSpec:
    """What pack.yaml says: topics and challenges in order, and tracks."""

    name: str
    title: str
    topics: dict[str, str] = field(default_factory=dict)
    challenges: tuple[str, ...] = ()
    tracks: dict[str, Track] = field(default_factory=dict)
