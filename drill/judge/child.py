"""What runs in the judged process once it is confined: the checks from memory, the submission, pytest."""

import ast
import importlib.util
import json
import linecache
import multiprocessing
import os
import random
import sys
import traceback
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy
import pytest
import torch

from drill.judge import preload, protocol, remote
from drill.judge.plugin import Plugin, Send, out_of_memory, submission_frames
from drill.judge.protocol import Job
from drill.judge.rules import Guard, RuleBroken, violations
from drill.report import Frame, Verdict

_UNUSED_PLUGINS = (
    "terminal", "cacheprovider", "junitxml", "doctest", "pastebin", "faulthandler", "stepwise",
    "debugging", "setuponly", "setupplan", "logging", "warnings", "unraisableexception",
    "threadexception", "legacypath", "recwarn", "tmpdir", "terminalprogress",
)  # fmt: skip

# A fixture, parameters, a success and a failure: what most checks touch of pytest.
_REHEARSAL = """
import pytest

from drill.checking import fail


@pytest.fixture
def answer(submission):
    return submission.answer


@pytest.mark.parametrize("number", [1, 2])
def test_success(answer, number, monkeypatch):
    assert answer() is None


def test_failure(answer, device, seed, tmp_path):
    fail("as rehearsed")
"""


def run_checks(
    job: Job, code: CodeType, send: Send, scratch: Path, wire: remote.Wire | None = None
) -> None:
    """Judge one submission and say everything through `send`; it runs in this process, or behind `wire`.

    The checks come as code, so their text is nowhere in this process, and are collected before any
    line of the submission runs. `scratch` is an empty directory, and the working directory.
    """
    problem = wire.wait_until_confined() if wire else ""
    if problem:
        message = f"the submission could not be confined: {problem}"
        send({"event": protocol.FAILED, "message": message})
        return
    device = present_device(job.device)
    if device is None:
        there = ", ".join(["cpu", *_accelerators()])
        send(
            {
                "event": protocol.FAILED,
                "message": f"there is no device {job.device} here; there is: {there}",
            }
        )
        return
    job = replace(job, device=str(device))
    settle(job)
    checks = _module("checks", code, "checks.py")
    # Without the suffix .py: pytest's own collector would collect the checks a second time.
    placeholder = scratch / "checks"
    placeholder.touch()

    def bring_submission() -> Any:
        return fetch_submission(job, wire, send) if wire else import_submission(job, send)

    plugin = Plugin(job, checks, bring_submission, send, wire)
    pytest.main(_arguments(placeholder), plugins=[plugin])
    send({"event": protocol.FINISHED})


def rehearse(scratch: Path) -> None:
    """Judge a trivial submission to nobody, and leave nothing of it behind."""
    job = Job("", "def answer(): pass\n", "rehearsal.py", "", ("answer",))
    code = compile(_REHEARSAL, "checks.py", "exec", dont_inherit=True)
    run_checks(job, code, lambda message: None, scratch)
    for name in ("checks", "submission"):
        del sys.modules[name]
    linecache.cache.pop(job.filename, None)
    (scratch / "checks").unlink()


def present_device(name: str) -> torch.device | None:
    """The device of that name, or the best there is for `auto`; None where it is not there."""
    accelerators = _accelerators()
    if name == "auto":
        name = (*accelerators, "cpu")[0]
    if name == "cuda" and accelerators[:1] == ["cuda:0"]:
        name = "cuda:0"
    return torch.device(name) if name in ("cpu", *accelerators) else None


def _accelerators() -> list[str]:
    if torch.cuda.is_available():
        return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return ["mps"] if torch.backends.mps.is_available() else []


def _arguments(placeholder: Path) -> list[str]:
    root = str(placeholder.parent)
    arguments = [
        str(placeholder), "--rootdir", root, "--confcutdir", root, "-c", os.devnull,
        "--noconftest", "--capture=no", "--import-mode=importlib", "-p", "no:randomly",
    ]  # fmt: skip
    for name in _UNUSED_PLUGINS:
        arguments += ["-p", f"no:{name}"]
    return arguments


def settle(job: Job) -> None:
    """Make this process compute the same on every run."""
    torch.set_num_threads(1)
    if job.limits.exec:
        preload.bring_compiler_back()
    # warn_only: some operators have no deterministic form on CUDA, and a check must still run.
    # It also fills torch.empty with NaN, so that memory left uninitialised is seen on every run.
    # The public function imports the whole compiler (1.5 s) to set one of its options besides.
    torch._C._set_deterministic_algorithms(True, warn_only=True)
    # Convolutions are allowed ten bits of mantissa otherwise, as matrix products are not.
    torch.backends.cudnn.allow_tf32 = False
    # Data loading workers are forked: they find the submission's classes without a file to import.
    multiprocessing.set_start_method("fork", force=True)
    # The learner's own warnings are theirs to see; torch's about this set-up are noise.
    warnings.filterwarnings("ignore", module=r"torch(\.|$)")
    warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation.*")


def _module(name: str, code: CodeType, filename: str) -> ModuleType:
    spec = importlib.util.spec_from_loader(name, loader=None, origin=filename)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__file__ = filename
    sys.modules[name] = module  # pickle, dataclasses and typing look it up there
    exec(code, module.__dict__)
    return module


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Says why a submission cannot be judged."""

    send: Send

    def __call__(
        self, verdict: Verdict, message: str, hint: str = "", frames: tuple[Frame, ...] = ()
    ) -> None:
        lines = [{"line": f.line, "function": f.function, "code": f.code} for f in frames]
        self.send(
            {
                "event": protocol.REFUSED,
                "verdict": verdict.value,
                "message": message,
                "hint": hint,
                "frames": lines,
            }
        )


def _read(job: Job, refuse: _Refusal) -> tuple[ast.Module, CodeType] | None:
    """The submission's text as a tree and as code, or None after saying what is wrong with it."""
    try:
        tree = ast.parse(job.submission, job.filename)
        code = compile(job.submission, job.filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        refuse(Verdict.ERROR, *_syntax_problem(error, job.filename))
        return None
    found = violations(tree, job.rules)
    if found:
        first = min(found, key=lambda violation: violation.line)
        shown = job.submission.splitlines()[first.line - 1].strip()
        refuse(
            Verdict.RULE_BROKEN, f"line {first.line} uses {first.name}: {first.message}",
            frames=(Frame(first.line, "", shown),),
        )  # fmt: skip
        return None
    return tree, code


def fetch_submission(job: Job, wire: remote.Wire, send: Send) -> remote.RemoteSubmission | None:
    """The submission that another process has imported, or None after saying why it could not."""
    if _read(job, _Refusal(send)) is None:  # what the text shows is judged on this side
        return None
    answer = wire.ask({"job": json.loads(replace(job, checks="").to_line())})
    if answer.get("event") != protocol.IMPORTED:
        send({**answer, "event": protocol.REFUSED})
        return None
    send({"event": protocol.IMPORTED})
    return remote.RemoteSubmission(wire)


def import_submission(job: Job, send: Send) -> ModuleType | None:
    """Import the submission from its text, or say why it cannot be judged."""
    refuse = _Refusal(send)
    read = _read(job, refuse)
    if read is None:
        return None
    tree, code = read
    lines = job.submission.splitlines(keepends=True)
    linecache.cache[job.filename] = (len(job.submission), None, lines, job.filename)
    random.seed(job.seed)
    numpy.random.seed(job.seed)
    torch.manual_seed(job.seed)
    guard = Guard(job.rules, job.filename)
    guard.install()
    try:
        module = _module("submission", code, job.filename)
    except RuleBroken as error:
        violation = error.violation
        refuse(
            Verdict.RULE_BROKEN, f"line {violation.line} calls {violation.name}: {violation.message}",
            frames=submission_frames(error.__traceback__, job.filename),
        )  # fmt: skip
        return None
    except BaseException as error:
        refuse(*_import_problem(error, job.filename))
        return None
    finally:
        guard.remove()

    missing = [name for name in job.entry if not hasattr(module, name)]
    if missing:
        refuse(Verdict.ERROR, *_missing_entry(missing, tree))
        return None
    send({"event": protocol.IMPORTED})
    return module


def _syntax_problem(
    error: SyntaxError | ValueError | RecursionError | MemoryError, filename: str
) -> tuple[str, str, tuple[Frame, ...]]:
    if not isinstance(error, SyntaxError):
        return f"{filename} cannot be compiled: {error}", "", ()
    line = (error.text or "").rstrip("\n")
    caret = " " * max((error.offset or 1) - 1, 0) + "^"
    shown = f"{line}\n{caret}" if line.strip() else ""
    where = f"{filename}, line {error.lineno}" if error.lineno else filename
    frames = (Frame(error.lineno or 0, "", shown),) if shown else ()
    return f"{where}: {type(error).__name__}: {error.msg}", "fix the syntax and check again", frames


def _import_problem(
    error: BaseException, filename: str
) -> tuple[Verdict, str, str, tuple[Frame, ...]]:
    frames = submission_frames(error.__traceback__, filename)
    if isinstance(error, NotImplementedError) and frames:
        return (
            Verdict.NOT_ATTEMPTED,
            "the stub raises NotImplementedError at import",
            "write your answer",
            frames,
        )
    where = f" at line {frames[-1].line}" if frames else ""
    if out_of_memory(error):
        message = f"importing the submission runs out of memory{where}"
        return Verdict.MEMORY_LIMIT, message, "look for a shape that is far too large", frames
    if isinstance(error, SystemExit):
        message = f"the submission calls sys.exit({error.code!r}) when it is imported{where}"
        return (
            Verdict.ERROR,
            message,
            'put what should run only as a script under if __name__ == "__main__":',
            frames,
        )
    if isinstance(error, ModuleNotFoundError):
        message = f"there is no module {error.name!r} here{where}"
        return (
            Verdict.ERROR,
            message,
            "torch, numpy, pillow and the standard library are available",
            frames,
        )
    text = traceback.format_exception_only(error)[-1].strip()[:2000]
    return (
        Verdict.ERROR,
        f"importing the submission raises {text}{'' if not where else ',' + where}",
        "",
        frames,
    )


def _missing_entry(missing: list[str], tree: ast.Module) -> tuple[str, str]:
    defined = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    ]
    wanted = " and ".join(missing)
    return (
        f"the submission does not define {wanted}",
        f"you defined: {', '.join(defined)}" if defined else "it defines no function and no class",
    )
