"""challenge.yaml and pack.yaml read strictly into frozen types, or a SpecError with file, path and remedy."""

import difflib
import re
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
import yaml

from drill.challenge import (
    Challenge,
    Difficulty,
    FollowUp,
    Limits,
    Link,
    Mistake,
    PackSpec,
    Rule,
    Track,
    TrackDay,
)
from drill.errors import SpecError
from drill.report import Verdict

T = TypeVar("T")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    wall_s: float = 10.0
    cpu_s: float = 30.0
    memory_mb: int = 2048
    file_mb: int = 64
    output_kb: int = 256
    processes: int = 32
    threads: int = 64
    exec: bool = False


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    forbid: list[str]
    message: str


class _Mistake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message: str
    fails: str = ""
    verdict: Literal[
        "wrong answer",
        "rule broken",
        "error",
        "time limit",
        "memory limit",
        "output limit",
        "crashed",
    ] = "wrong answer"


class _FollowUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: str
    answer: str


class _Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    url: str


class ChallengeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """challenge.yaml, format 1."""

    format: Literal[1]
    title: str
    summary: str
    difficulty: Literal["easy", "medium", "hard"]
    minutes: int
    topics: list[str]
    entry: str | list[str]
    hints: list[str]
    mistakes: dict[str, _Mistake] = {}
    limits: _Limits = _Limits()
    rules: list[_Rule] = []
    follow_ups: list[_FollowUp] = []
    links: list[_Link] = []
    discussion: str = ""
    equivalent_mutants: list[str] = []
    isolation: Literal["process"] | None = None


class _Day(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    challenges: list[str]
    title: str = ""


class _Track(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    challenges: list[str] = []
    days: list[_Day] = []


class PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """pack.yaml, format 1."""

    format: Literal[1]
    name: str
    title: str
    topics: dict[str, str] = {}
    challenges: list[str] = []
    tracks: dict[str, _Track] = {}


def read_yaml(path: Path, kind: type[T]) -> T:
    """Read a YAML file into a strict type.

    Raises:
        SpecError: the file is missing, is not UTF-8 or YAML, or does not fit the type.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {error}") from None
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SpecError(
            f"{path}{where}: {getattr(error, 'problem', error)}", hint="check the YAML"
        ) from None
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _explained(path, text, str(error), kind) from None


def _explained(path: Path, text: str, complaint: str, kind: type[Any]) -> SpecError:
    """msgspec's complaint with the line it is about and, for an unknown key, the likely one."""
    unknown = re.search(r"unknown field `(\w+)`", complaint)
    hint = ""
    key = ""
    if unknown:
        key = unknown.group(1)
        close = difflib.get_close_matches(key, _field_names(kind), n=1)
        hint = f"did you mean {close[0]}?" if close else f"remove {key}"
    if re.search(r"Expected `str`, got `(bool|int|float)`", complaint):
        hint = "put the text in quotes: YAML reads yes, no and 1 as something else"
    missing = re.search(r"missing required field `(\w+)`", complaint)
    if missing:
        hint = f"add {missing.group(1)}"
    at = re.search(r"at `\$\.?([^`]*)`", complaint)
    if at and not key:
        key = re.split(r"[.\[]", at.group(1))[0]
    line = next(
        (
            n
            for n, row in enumerate(text.splitlines(), 1)
            if key and re.search(rf"\b{re.escape(key)}\b\s*:", row)
        ),
        None,
    )
    where = f"{path}, line {line}" if line else str(path)
    return SpecError(f"{where}: {complaint}", hint=hint)


def _field_names(kind: type[Any]) -> set[str]:
    """The keys of a struct and of the structs below it."""
    names: set[str] = set()
    for field in msgspec.structs.fields(kind):
        names.add(field.name)
        for inner in _structs_in(field.type):
            names |= _field_names(inner)
    return names


def _structs_in(annotation: Any) -> list[type[Any]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [
        inner for argument in getattr(annotation, "__args__", ()) for inner in _structs_in(argument)
    ]


def read_challenge(folder: Path, pack: str) -> Challenge:
    """Read one challenge's folder.

    Raises:
        SpecError: challenge.yaml does not follow format 1, or a file it needs is missing.
    """
    path = folder / "challenge.yaml"
    raw = read_yaml(path, ChallengeFile)
    _demand(path, raw)
    for name in ("statement.md", "stub.py", "checks.py"):
        if not (folder / name).is_file():
            raise SpecError(f"{folder / name} does not exist", hint="every challenge has one")
    return Challenge(
        id=folder.name,
        pack=pack,
        path=folder,
        title=raw.title,
        summary=raw.summary,
        difficulty=Difficulty(raw.difficulty),
        minutes=raw.minutes,
        topics=tuple(raw.topics),
        entry=(raw.entry,) if isinstance(raw.entry, str) else tuple(raw.entry),
        hints=tuple(raw.hints),
        mistakes=tuple(
            Mistake(name, m.message, m.fails, m.verdict) for name, m in raw.mistakes.items()
        ),
        limits=Limits(**msgspec.structs.asdict(raw.limits)),
        rules=tuple(Rule(tuple(rule.forbid), rule.message) for rule in raw.rules),
        follow_ups=tuple(FollowUp(f.question, f.answer) for f in raw.follow_ups),
        links=tuple(Link(link.title, link.url) for link in raw.links),
        discussion=raw.discussion,
        equivalent_mutants=tuple(raw.equivalent_mutants),
        isolable=raw.isolation == "process",
    )


def _demand(path: Path, raw: ChallengeFile) -> None:
    """What the types alone cannot say."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", path.parent.name):
        raise SpecError(f"{path.parent}: a challenge's folder is named in lower case with hyphens")
    for field, value in (("topics", raw.topics), ("entry", raw.entry), ("hints", raw.hints)):
        if not value:
            raise SpecError(f"{path}: {field} is empty", hint=f"give {field} at least one item")
    if raw.minutes <= 0:
        raise SpecError(f"{path}: minutes must be above 0, got {raw.minutes}")
    for name, mistake in raw.mistakes.items():
        if mistake.verdict == Verdict.WRONG_ANSWER.value and not mistake.fails:
            raise SpecError(
                f"{path}: mistakes.{name} does not say which check it fails",
                hint="add fails: test_...",
            )


def read_pack(folder: Path) -> PackSpec:
    """Read a pack's pack.yaml.

    Raises:
        SpecError: it does not follow format 1, or names a challenge that has no folder.
    """
    path = folder / "pack.yaml"
    raw = read_yaml(path, PackFile)
    tracks = {
        name: Track(
            track.title,
            tuple(track.challenges),
            tuple(TrackDay(tuple(day.challenges), day.title) for day in track.days),
        )
        for name, track in raw.tracks.items()
    }
    named = [*raw.challenges, *(name for track in tracks.values() for name in track.order)]
    for name in named:
        if not (folder / name / "challenge.yaml").is_file():
            raise SpecError(
                f"{path}: {name} has no folder with a challenge.yaml",
                hint="fix the name, or remove it",
            )
    return PackSpec(raw.name, raw.title, raw.topics, tuple(raw.challenges), tracks)
