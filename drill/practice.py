"""What a person does with a challenge: start, submit, take a hint, reset, look at a solution, go on."""

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from drill import judging
from drill.challenge import Challenge, Track
from drill.errors import DrillError, UsageError
from drill.judge.protocol import Job
from drill.library import Library, checks_hash
from drill.report import Report, Verdict
from drill.store import Status, Store

Grade = Callable[[Job], Report]


class State(StrEnum):
    """Where a person stands with a challenge, in one word."""

    NEW = "new"
    STARTED = "started"
    ATTEMPTED = "attempted"
    ACCEPTED = "accepted"
    OUTDATED = "outdated"  # accepted by checks that have changed since
    GAVE_UP = "gave up"


def full_name(challenge: Challenge) -> str:
    return f"{challenge.pack}/{challenge.id}"


def state(status: Status | None, current_hash: Callable[[], str]) -> State:
    """The one word for a challenge; `current_hash` is asked only where something was accepted."""
    if status is None:
        return State.NEW
    if status.gave_up:
        return State.GAVE_UP
    if status.accepted:
        return State.ACCEPTED if status.accepted_checks_hash == current_hash() else State.OUTDATED
    return State.ATTEMPTED if status.attempts else State.STARTED


def states(challenges: Iterable[Challenge], store: Store) -> dict[str, State]:
    """The state of each challenge, by its full name."""
    known = store.statuses()
    return {
        full_name(c): state(known.get(full_name(c)), lambda c=c: checks_hash(c))  # type: ignore[misc]
        for c in challenges
    }


# The workspace


def submission_path(challenge: Challenge, library: Library, workspace: Path) -> Path:
    """Where a challenge's submission lives; packs of one's own have a directory each."""
    name = challenge.id.replace("-", "_") + ".py"
    return workspace / name if library.is_builtin(challenge) else workspace / challenge.pack / name


def stub_text(challenge: Challenge) -> str:
    """What lands in the editor: the statement as a comment, then the stub."""
    import textwrap

    statement = challenge.statement.read_text(encoding="utf-8").strip()
    lines = [f"{challenge.title} ({challenge.difficulty}, {challenge.minutes} min)", ""]
    for line in statement.splitlines():
        lines += textwrap.wrap(line, 98, subsequent_indent=_indent(line)) or [""]
    lines += ["", f"Judge it: drill check {challenge.id}    A hint: drill hint {challenge.id}"]
    head = "\n".join(f"# {line}".rstrip() for line in lines)
    return f"{head}\n\n{challenge.stub.read_text(encoding='utf-8').lstrip()}"


def _indent(line: str) -> str:
    """What a wrapped line starts with: below the text of a list item, or of an indented line."""
    lead = len(line) - len(line.lstrip())
    return " " * (lead + 2 if line.lstrip().startswith(("- ", "* ")) else lead)


def line_to_fill_in(text: str) -> int:
    """The first line (from 1) that raises NotImplementedError, else the first definition."""
    lines = text.splitlines()
    for start in ("raise NotImplementedError", "def ", "class "):
        for number, line in enumerate(lines, 1):
            if line.lstrip().startswith(start):
                return number
    return 1


@dataclass(frozen=True, slots=True)
class Opened:
    """A submission in the workspace, and the line where work goes on."""

    path: Path
    line: int
    created: bool


def start(
    challenge: Challenge, library: Library, store: Store, workspace: Path, now: datetime
) -> Opened:
    """Write the stub, or find the file again; a file that exists is never written to."""
    path = submission_path(challenge, library, workspace)
    created = write_new(path, stub_text(challenge))
    store.mark_started(full_name(challenge), path, at=now)
    text = path.read_text(encoding="utf-8", errors="replace")
    return Opened(path, line_to_fill_in(text), created)


def write_new(path: Path, text: str) -> bool:
    """Write a file that is not there yet, whole or not at all; False where it exists."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(text, encoding="utf-8")
            return _link_new(beside, path, text)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        raise UsageError(
            f"{path} cannot be written: {error.strerror}",
            hint="free some space and run the command again"
            if full
            else "set `workspace` in config.toml or DRILL_WORKSPACE to a directory that you can write to",
        ) from None


def _link_new(beside: Path, path: Path, text: str) -> bool:
    """Give the finished file its name, unless the name is taken; a rename would not notice."""
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Reset:
    path: Path
    backup: Path | None  # None where there was nothing to lose


def reset(
    challenge: Challenge, library: Library, store: Store, workspace: Path, now: datetime
) -> Reset:
    """Put the stub back; the old text is kept as a file beside it and in the store."""
    path = submission_path(challenge, library, workspace)
    backup = None
    if path.exists():
        old = path.read_bytes()
        if old.decode("utf-8", errors="replace") != stub_text(challenge):
            store.keep_text(
                full_name(challenge), path, old.decode("utf-8", errors="replace"), "reset", at=now
            )
            backup = _free_name(path, now)
            path.replace(backup)
        else:
            path.unlink()
    write_new(path, stub_text(challenge))
    store.mark_started(full_name(challenge), path, at=now)
    return Reset(path, backup)


def _free_name(path: Path, now: datetime) -> Path:
    stem = f"{path.stem}.{now:%Y%m%d-%H%M%S}"
    candidates = [path.with_name(f"{stem}.bak")]
    candidates += [path.with_name(f"{stem}-{n}.bak") for n in range(2, 1000)]
    return next(candidate for candidate in candidates if not candidate.exists())


# Submitting


@dataclass(frozen=True, slots=True)
class Target:
    """What `drill check` was asked to judge."""

    challenge: Challenge
    file: Path


def target(
    name: str | None, file: Path | None, library: Library, store: Store, workspace: Path
) -> Target:
    """Find the challenge and the file that the words of the command mean.

    Raises:
        UsageError: nothing was started, or the name or the file does not exist.
    """
    if name is None:
        return _last_started(library, store)
    if file is None and name.endswith(".py"):
        return _from_file(Path(name), library)
    challenge = library.resolve(name)
    if file is not None:
        return Target(challenge, file)
    started = store.started(full_name(challenge))
    path = started.path if started else submission_path(challenge, library, workspace)
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint=f"begin with: drill start {challenge.id}")
    return Target(challenge, path)


def _last_started(library: Library, store: Store) -> Target:
    last = store.last_started()
    if last is None:
        raise UsageError("no challenge is started", hint="begin with: drill start custom-linear")
    challenge = library.resolve(last.challenge)
    if not last.path.exists():
        raise UsageError(
            f"{last.path} is gone", hint=f"write the stub anew with: drill start {challenge.id}"
        )
    return Target(challenge, last.path)


def _from_file(file: Path, library: Library) -> Target:
    """A file alone: its name says which challenge it answers."""
    names = library.names()
    wanted = file.stem.replace("_", "-")
    if wanted not in names:
        import difflib

        close = difflib.get_close_matches(wanted, names, n=1)
        raise UsageError(
            f"{file.name} does not say which challenge it answers",
            hint=f"say it: drill check {close[0] if close else 'NAME'} {file}",
        )
    return Target(library.resolve(wanted), file)


class NotStored(DrillError):
    """An attempt was judged, and then could not be kept; the report is not lost with it."""

    def __init__(self, report: Report, cause: DrillError) -> None:
        super().__init__(f"this attempt is not in your history: {cause.message}", cause.hint)
        self.report = report


def submit(
    target: Target,
    grade: Grade,
    store: Store,
    *,
    device: str,
    seed: int,
    now: datetime,
    isolated: bool = False,
) -> Report:
    """Judge a submission and store the attempt with the very text that was judged.

    Raises:
        UsageError: the file is missing or cannot be read, or the checks cannot run apart from it.
        NotStored: the attempt was judged, and cannot be kept.
    """
    challenge = target.challenge
    if isolated and not challenge.isolable:
        raise UsageError(
            f"the checks of {challenge.id} look inside the submission, so they cannot run apart from it",
            hint="leave --isolation out, or choose one of: drill list --isolable",
        )
    raw = _read(target.file)
    report = _without_judging(challenge, raw, target.file)
    text = raw.decode("utf-8", errors="replace").replace("\r\n", "\n").removeprefix("\ufeff")
    if report is None:
        report = grade(
            judging.job(
                challenge,
                text,
                filename=target.file.name,
                device=device,
                seed=seed,
                isolated=isolated,
            )
        )
    name = full_name(challenge)
    report = replace(report, challenge=name, seed=seed)
    if report.verdict is Verdict.JUDGE_FAILURE:
        return report  # it says nothing about the submission
    try:
        store.record_attempt(
            name,
            report,
            at=now,
            submission=text,
            checks_hash=checks_hash(challenge),
            gave_up=store.solution_shown(name) is not None,
        )
    except DrillError as error:
        raise NotStored(report, error) from None
    return report


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"{file} does not exist", hint="check the path of the submission"
        ) from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None


def _without_judging(challenge: Challenge, raw: bytes, file: Path) -> Report | None:
    """The report where no judge is needed: nothing was written, or nothing that is text."""
    name = full_name(challenge)
    if not raw.strip():
        return Report(
            name,
            Verdict.NOT_ATTEMPTED,
            message=f"{file.name} is empty",
            hint=f"bring the stub back with: drill reset {challenge.id}",
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return Report(
            name,
            Verdict.ERROR,
            message=f"{file.name} is not UTF-8: line {line} has the byte 0x{raw[error.start]:02x}",
            hint="save the file as UTF-8 and check again",
        )
    if same_code(text, challenge.stub.read_text(encoding="utf-8")):
        return Report(
            name,
            Verdict.NOT_ATTEMPTED,
            message="the stub is as it was",
            hint=f"write your answer in {file}",
        )
    return None


def same_code(a: str, b: str) -> bool:
    """Whether two sources differ in nothing but comments and layout."""
    import ast

    try:
        return ast.dump(ast.parse(a)) == ast.dump(ast.parse(b))
    except (SyntaxError, ValueError, RecursionError):
        return False


# Help


@dataclass(frozen=True, slots=True)
class Hints:
    """The hints shown so far, the newest last, and how many there are."""

    shown: tuple[str, ...]
    total: int

    @property
    def exhausted(self) -> bool:
        return len(self.shown) == self.total


def next_hint(challenge: Challenge, store: Store, now: datetime) -> Hints:
    """Show one hint more than before; the last one stays the last."""
    name = full_name(challenge)
    count = min(store.hints_shown(name) + 1, len(challenge.hints))
    store.show_hint(name, count, at=now)
    return Hints(challenge.hints[:count], len(challenge.hints))


def may_see_solution(challenge: Challenge, store: Store) -> bool:
    """Whether the solutions are free to see: after an acceptance, or once given up."""
    status = store.statuses().get(full_name(challenge))
    return status is not None and (status.accepted or status.gave_up)


def give_up(challenge: Challenge, store: Store, now: datetime) -> None:
    store.mark_solution_shown(full_name(challenge), at=now)


# What next


def next_in_track(track: Track, states: Mapping[str, State], pack: str) -> str | None:
    """The first challenge of the track that is not accepted; None when all are."""
    for name in track.order:
        if states.get(f"{pack}/{name}", State.NEW) is not State.ACCEPTED:
            return name
    return None


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of one group is done."""

    label: str
    accepted: int
    attempted: int
    total: int


def progress(
    groups: Mapping[str, Iterable[Challenge]], states: Mapping[str, State]
) -> list[Progress]:
    """Progress by group; a challenge that was given up counts as attempted."""
    found = []
    for label, challenges in groups.items():
        own = [states[full_name(challenge)] for challenge in challenges]
        if own:
            done = sum(s is State.ACCEPTED for s in own)
            tried = sum(s in (State.ATTEMPTED, State.GAVE_UP, State.OUTDATED) for s in own)
            found.append(Progress(label, done, tried, len(own)))
    return found
