"""The pytest plugin of the judged process: checks from memory, the fixtures, and outcomes as messages."""

import re
import tempfile
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import pytest
import torch

from drill import checking
from drill.judge import protocol
from drill.judge.integrity import Integrity
from drill.judge.protocol import Job
from drill.judge.remote import Wire
from drill.judge.rules import Guard, RuleBroken
from drill.report import CheckReport, Frame, Outcome

_WRONG_SIGNATURE = re.compile(r"\w\(\) (got|takes|missing) ")  # what a call says before it is made
Send = Callable[[dict[str, Any]], None]


class ChecksModule(pytest.Module):
    """The checks as a pytest module that was never a file the submission could read."""

    checks: ModuleType

    def _getobj(self) -> ModuleType:
        return self.checks

    def _importtestmodule(self) -> ModuleType:
        return self.checks


class Plugin:
    """Collects the checks, imports the submission, runs each check from a fixed seed and reports it."""

    def __init__(
        self,
        job: Job,
        checks: ModuleType,
        import_submission: Callable[[], Any],
        send: Send,
        wire: Wire | None = None,
    ) -> None:
        self._job = job
        self._checks = checks
        self._import_submission = import_submission
        self._send = send
        self._submission: Any = None  # a module, or what stands in for one in another process
        self._wire = wire
        self._guard = Guard(job.rules, job.filename)
        self._broken: RuleBroken | None = None
        self._integrity: Integrity | None = None

    @pytest.fixture
    def submission(self) -> Any:
        assert self._submission is not None
        return self._submission

    @pytest.fixture
    def device(self) -> torch.device:
        return torch.device(self._job.device)

    @pytest.fixture
    def seed(self) -> int:
        return self._job.seed

    @pytest.fixture
    def tmp_path(self) -> Iterator[Path]:
        """A fresh directory inside the scratch directory, the only place to write."""
        with tempfile.TemporaryDirectory() as directory:
            yield Path(directory)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Module:
        module: ChecksModule = ChecksModule.from_parent(parent, path=file_path)
        module.checks = self._checks
        return module

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        checks = [{"id": item.name, "title": _title(item)} for item in session.items]
        self._send({"event": protocol.COLLECTED, "checks": checks, "device": self._job.device})

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        self._integrity = Integrity(session, self._checks)
        self._submission = self._import_submission()
        return None if self._submission else True  # True: nothing to run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        self._send({"event": protocol.STARTED, "id": item.name})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        checking.seed_all(self._job.seed)
        if self._wire:
            self._wire.begin(self._job.seed)
        checking.tried("")
        self._guard.install()  # fixtures call the submission too
        self._broken = None
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        # Pytest would write a traceback that nobody reads, of exceptions that may have endless texts.
        item.repr_failure = _no_text  # type: ignore[method-assign]
        report = yield
        if call.when == "teardown":
            self._guard.remove()
        # One message a check: its call, or the phase that raised instead of it.
        if call.when == "call" or (call.when == "setup" and call.excinfo):
            self._report(item, call, report.duration)
        return report

    def _report(self, item: pytest.Item, call: pytest.CallInfo[None], seconds: float) -> None:
        error = call.excinfo.value if call.excinfo else None
        filename, wire = self._job.filename, self._wire
        frames = wire.frames_of(error) if wire else ()
        check = judged(item.name, _title(item), error, filename, seconds, frames)
        message: dict[str, Any] = {"event": protocol.CHECKED, "report": asdict(check)}
        if isinstance(error, RuleBroken):
            message["rule"] = asdict(error.violation)
        if _not_implemented(error, filename) or (
            isinstance(error, NotImplementedError) and wire and wire.raised_by_submission(error)
        ):
            message["not_attempted"] = True
        if out_of_memory(error):
            message["out_of_memory"] = True
        if self._integrity:
            self._say_what_changed(self._integrity.changed_now(self._own_changes(item)))
        self._send(message)

    def _own_changes(self, item: pytest.Item) -> list[tuple[object, str]]:
        """What the rules' guard and the check's own monkeypatch have replaced for this check."""
        patch = getattr(item, "funcargs", {}).get("monkeypatch")
        patched = [(owner, name) for owner, name, _ in getattr(patch, "_setattr", ())]
        return [*self._guard.replaced, *patched]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._integrity:
            self._say_what_changed(self._integrity.changed())

    def _say_what_changed(self, what: list[str]) -> None:
        if what:
            self._send({"event": protocol.TAMPERED, "what": what[:20]})


def _no_text(*_: object, **__: object) -> str:
    return "failed"


def _title(item: pytest.Item) -> str:
    """The first line of the check's docstring, with the parameters' id where there are several."""
    function = getattr(item, "function", None)
    text = (getattr(function, "__doc__", None) or item.name).strip().splitlines()[0]
    callspec = getattr(item, "callspec", None)
    return f"{text} ({callspec.id})" if callspec else text


def _not_implemented(error: BaseException | None, filename: str) -> bool:
    """Whether the learner's own placeholder was reached, rather than one inside torch."""
    if not isinstance(error, NotImplementedError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename == filename


def out_of_memory(error: BaseException | None) -> bool:
    """Whether a limit on memory is what a check ran into; torch raises a RuntimeError of its own for it."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in text_of(error)
    )


def judged(
    name: str, title: str, error: BaseException | None, filename: str, seconds: float,
    frames: tuple[Frame, ...] = (),
) -> CheckReport:  # fmt: skip
    """How a check ended, in the words the learner will read; `frames` where they are in another process."""
    if error is None:
        return CheckReport(name, title, Outcome.PASSED, seconds)
    tried = tuple(checking.last_tried())
    frames = frames or submission_frames(error.__traceback__, filename)
    if isinstance(error, checking.CheckFailure):
        return CheckReport(
            name, title, Outcome.FAILED, seconds,
            message=error.message, mistake=error.mistake, details=error.details,
            tried=tried, hint=error.hint, frames=frames,
        )  # fmt: skip
    if isinstance(error, RuleBroken):
        message = (
            f"line {error.violation.line} calls {error.violation.name}: {error.violation.message}"
        )
        return CheckReport(
            name, title, Outcome.FAILED, seconds, message=message, tried=tried, frames=frames
        )
    if isinstance(error, AssertionError) and not frames:
        return CheckReport(
            name, title, Outcome.FAILED, seconds, message=text_of(error), tried=tried
        )
    message = f"{type(error).__name__}: {text_of(error)}"
    if not frames and isinstance(error, TypeError) and _WRONG_SIGNATURE.search(message):
        return CheckReport(
            name, title, Outcome.ERROR, seconds, message=message, tried=tried,
            hint="it is called with the arguments of the stub, some of them by name",
        )  # fmt: skip
    if not frames:
        message = f"the check could not use the result: {message}"
    return CheckReport(
        name, title, Outcome.ERROR, seconds, message=message, tried=tried, frames=frames
    )


def text_of(error: object) -> str:
    """An error's message, cut short; a message that cannot be made is said to be so."""
    try:
        text = str(error)
    except BaseException as problem:
        return f"(no message: str() raised {type(problem).__name__})"
    return text if len(text) <= 2000 else text[:2000] + " ... (cut)"


def submission_frames(tb: TracebackType | None, filename: str) -> tuple[Frame, ...]:
    """The submission's own lines on the way to an exception, outermost first."""
    return tuple(
        Frame(summary.lineno or 0, summary.name, (summary.line or "").strip())
        for summary in traceback.extract_tb(tb)
        if summary.filename == filename
    )[-8:]
