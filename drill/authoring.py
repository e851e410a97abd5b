"""Scaffold a challenge; verify one: every solution passes, every mistake fails as announced, every check has a purpose."""

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from drill.challenge import Challenge, Difficulty, Mistake
from drill.errors import UsageError
from drill.judge.protocol import Job
from drill.judging import job
from drill.report import CheckReport, Report, Verdict

Grade = Callable[[Job], Report]

SEEDS = (0, 1, 2, 3, 4)
_SLOW_CHECKS_S = 1.0
_APART = " in a process of its own"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that keeps a challenge from the standard, in a sentence."""

    challenge: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verification:
    challenge: str
    findings: tuple[Finding, ...]
    judgings: int
    slowest_s: float  # the longest time one solution's checks took in all


def verify(
    challenge: Challenge,
    grade: Grade,
    *,
    topics: Iterable[str] = (),
    seeds: Sequence[int] = SEEDS,
    runs: int = 1,
    device: str = "cpu",
    workers: int | None = None,
    slow_s: float = _SLOW_CHECKS_S,
) -> Verification:
    """Hold a challenge to the standard; `runs` repeats every judging to find a check that is not stable.

    A solution whose checks take more than `slow_s` in all is a finding, on the CPU: on a GPU each
    judging first starts the driver.
    """
    findings = [*_complete(challenge, set(topics)), *_checks_source(challenge)]
    checks_text = challenge.checks.read_text(encoding="utf-8")
    cases = [
        replace(case, job=replace(case.job, device=device)) for case in _cases(challenge, seeds)
    ]
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        reports = list(pool.map(lambda case: [grade(case.job) for _ in range(runs)], cases))
    if all(report.verdict is Verdict.JUDGE_FAILURE for repeated in reports for report in repeated):
        sentence = f"nothing was judged: {reports[0][0].message}"
        return Verification(challenge.id, (Finding(challenge.id, sentence),), 0, 0.0)
    slowest = 0.0
    first_failures: set[str] = set()
    check_functions: set[str] = set()
    for case, repeated in zip(cases, reports, strict=True):
        report = repeated[0]
        findings += [f"{case.label}: {problem}" for problem in case.problems(report)]
        findings += _unstable(case.label, repeated)
        if case.job.checks == checks_text:  # the worked example is judged by a check of its own
            check_functions |= {check.function for check in report.checks}
        if case.mistake and report.failed and not case.apart:
            first_failures.add(report.failed[0].function)
        if case.is_solution and not case.apart:
            slowest = max(slowest, sum(check.seconds for check in report.checks))
    findings += [
        f"checks.py: no mistake is caught first by {name}; add one, or drop the check"
        for name in sorted(check_functions - first_failures)
    ]
    if slowest > slow_s and device == "cpu":
        findings.append(
            f"checks.py: the checks take {slowest:.1f} s on a solution; {slow_s:g} s at most"
        )
    unique = dict.fromkeys(findings)
    return Verification(
        challenge.id, tuple(Finding(challenge.id, f) for f in unique), len(cases) * runs, slowest
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One judging of a verification, and what must come of it."""

    label: str
    job: Job
    mistake: Mistake | None = None
    is_solution: bool = False

    @property
    def apart(self) -> bool:
        """Judged with the submission in a process of its own, where the verdict alone must be the same."""
        return self.job.isolated

    def problems(self, report: Report) -> Iterator[str]:
        if self.apart and self.mistake:
            if report.verdict is Verdict.ACCEPTED:
                yield "passes every check"
        elif self.mistake:
            yield from _mistake_problems(self.mistake, report)
        elif self.is_solution and report.verdict is not Verdict.ACCEPTED:
            yield f"is refused: {explain(report)}"
        elif not self.is_solution and report.verdict is Verdict.ACCEPTED:
            yield "is accepted as it stands"


def _cases(challenge: Challenge, seeds: Sequence[int]) -> Iterator[_Case]:
    yield _Case(
        "stub.py", job(challenge, challenge.stub.read_text(encoding="utf-8"), filename="stub.py")
    )
    for path in challenge.solutions:
        text = path.read_text(encoding="utf-8")
        label = f"solutions/{path.name}"
        for seed in seeds:
            yield _Case(
                f"{label}, seed {seed}",
                job(challenge, text, filename=path.name, seed=seed),
                is_solution=True,
            )
        if challenge.isolable:
            yield _Case(
                f"{label}{_APART}",
                job(challenge, text, filename=path.name, isolated=True),
                is_solution=True,
            )
        renamed = rename_private(text)
        if renamed != text:
            yield _Case(
                f"{label} with its private names changed",
                job(challenge, renamed, filename=path.name),
                is_solution=True,
            )
    reference = challenge.solutions[0].read_text(encoding="utf-8") if challenge.solutions else ""
    example = replace(job(challenge, reference), checks=example_checks(challenge.statement))
    yield _Case("the worked example in statement.md", example, is_solution=True)
    for mistake in challenge.mistakes:
        path = challenge.path / "mistakes" / mistake.file
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        for seed in seeds:
            yield _Case(
                f"mistakes/{path.name}, seed {seed}",
                job(challenge, text, filename=path.name, seed=seed),
                mistake,
            )
        if challenge.isolable:
            yield _Case(
                f"mistakes/{path.name}{_APART}",
                job(challenge, text, filename=path.name, isolated=True),
                mistake,
            )


def _mistake_problems(mistake: Mistake, report: Report) -> Iterator[str]:
    if report.verdict is Verdict.ACCEPTED:
        yield "passes every check"
        return
    if report.verdict != mistake.verdict:
        yield f"should be told {mistake.verdict!r}, was told {explain(report)}"
        return
    told = report_text(report)
    if mistake.fails:
        first = report.failed[0] if report.failed else None
        if first is None or first.function != mistake.fails:
            yield f"should fail {mistake.fails} first, failed {first.id if first else 'none'}: {explain(report)}"
            return
        told = check_text(first)
    if mistake.message.lower() not in told.lower():
        yield f"the message does not say {mistake.message!r}; it says: {told}"


def _unstable(label: str, repeated: Sequence[Report]) -> Iterator[str]:
    seen = {
        (report.verdict, tuple((check.id, check.outcome) for check in report.checks))
        for report in repeated
    }
    if len(seen) > 1:
        verdicts = ", ".join(sorted({report.verdict for report in repeated}))
        yield f"{label}: {len(repeated)} runs do not agree ({verdicts})"


def check_text(check: CheckReport) -> str:
    """All that the learner is told about one check."""
    return "\n".join(filter(None, (check.message, check.mistake, *check.details, check.hint)))


def report_text(report: Report) -> str:
    """All that the learner is told when no check is to be singled out."""
    return "\n".join([report.message, report.hint, *(check_text(check) for check in report.failed)])


def explain(report: Report) -> str:
    """A verdict and its first reason on one line."""
    if report.failed:
        first = report.failed[0]
        return f"{report.verdict}, {first.id}: {check_text(first)}".replace("\n", " | ")
    return f"{report.verdict}: {report_text(report)}".strip().replace("\n", " | ")


def example_checks(statement: Path) -> str:
    """A checks module that runs the statement's `>>>` examples against the submission."""
    return f"""
import doctest
import torch
from torch import nn
from torch.nn import functional as F

def test_worked_example(submission):
    '''the worked example gives what the statement says'''
    names = dict(vars(submission), torch=torch, nn=nn, F=F)
    text = {statement.read_text(encoding="utf-8")!r}
    text = "\\n".join(line for line in text.splitlines() if not line.startswith("```"))
    examples = doctest.DocTestParser().get_doctest(text, names, "statement.md", "statement.md", 0)
    assert examples.examples, "statement.md has no >>> example"
    told = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.DocTestRunner(optionflags=flags).run(examples, out=told.append, clear_globs=False)
    assert result.failed == 0, "".join(told)
"""


def _complete(challenge: Challenge, topics: set[str]) -> Iterator[str]:
    least = 6 if challenge.difficulty is Difficulty.EASY else 8
    counts = (
        ("hints", len(challenge.hints), 3),
        ("solutions", len(challenge.solutions), 2),
        ("mistakes", len(challenge.mistakes), least),
        ("follow_ups", len(challenge.follow_ups), 3),
        ("links", len(challenge.links), 1),
    )
    for what, have, need in counts:
        if have < need:
            yield f"challenge.yaml: {what} has {have}, the standard asks for {need}"
    if not challenge.discussion.strip():
        yield "challenge.yaml: discussion is empty; say what the solutions trade off"
    if topics and challenge.topics[0] not in topics:
        yield f"challenge.yaml: the first topic {challenge.topics[0]!r} is not one of the pack's: {sorted(topics)}"
    if challenge.solutions and challenge.solutions[0].name != "reference.py":
        yield "solutions/reference.py is missing; the idiom to learn from goes there"
    on_disk = {path.name for path in (challenge.path / "mistakes").glob("*.py")}
    announced = {mistake.file for mistake in challenge.mistakes}
    for name in sorted(announced - on_disk):
        yield f"mistakes/{name} is announced in challenge.yaml and does not exist"
    for name in sorted(on_disk - announced):
        yield f"mistakes/{name} is not announced in challenge.yaml; say which check it fails and what it is told"


def _checks_source(challenge: Challenge) -> Iterator[str]:
    tree = ast.parse(challenge.checks.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            if not ast.get_docstring(node):
                yield f"checks.py: {node.name} has no docstring, the line the learner sees"
        elif isinstance(node, ast.Attribute) and _is_private(node.attr):
            yield f"checks.py, line {node.lineno}: looks at the private name {node.attr}"
        elif isinstance(node, ast.Assert) and node.msg is None:
            yield f"checks.py, line {node.lineno}: an assert without a message tells the learner nothing"


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def rename_private(text: str) -> str:
    """The submission with every private name that it defines renamed; what it computes stays the same."""
    tree = ast.parse(text)
    own = {
        name
        for node in ast.walk(tree)
        for name in _defined_names(node)
        if _is_private(name) and name.strip("_")
    }
    for name in own:
        text = re.sub(rf"(?<![\w]){re.escape(name)}\b", f"_renamed{name}", text)
    return text


def _defined_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith("register_")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        yield node.args[0].value


_SCAFFOLD = {
    "challenge.yaml": '''\
format: 1
title: {title}
summary: One line that says what to build.
difficulty: easy
minutes: 15
topics: [modules]
entry: answer

hints:
  - The mildest hint, a question.
  - A step further.
  - Nearly the answer.

follow_ups:
  - {{question: What does an interviewer ask next?, answer: The short answer.}}

links:
  - {{title: torch, url: "https://docs.pytorch.org/docs/stable/torch.html"}}

discussion: What the solutions trade off.

mistakes:
  no_offset.py: {{fails: test_values, message: "x + 1"}}
''',
    "statement.md": '''\
Write `answer(x)` that returns `x + 1`.

```python
>>> answer(torch.tensor([1.0, 2.0]))
tensor([2., 3.])
```
''',
    "stub.py": '''\
import torch


def answer(x: torch.Tensor) -> torch.Tensor:
    raise NotImplementedError
''',
    "checks.py": '''\
"""Hidden checks for {id}. A check's docstring is the line the learner sees."""

import torch

from drill.checking import assert_close, tried


def test_values(submission):
    """every value is one larger"""
    x = torch.randn(2, 3)
    tried("answer(x)", x=x)
    assert_close(submission.answer(x), x + 1, mistakes={{"the result is x itself; return x + 1": x}})
''',
    "solutions/reference.py": '''\
import torch


def answer(x: torch.Tensor) -> torch.Tensor:
    return x + 1
''',
    "mistakes/no_offset.py": '''\
"""Returns its input."""


def answer(x):
    return x
''',
}  # fmt: skip


def scaffold(name: str, directory: Path) -> Path:
    """Write a small challenge that runs, to be changed into a real one.

    Raises:
        UsageError: the name is not fit for a folder, or the folder is there already.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UsageError(
            f"{name!r} does not fit a challenge",
            hint="use lower case, digits and hyphens: my-layer",
        )
    folder = directory / name
    if folder.exists():
        raise UsageError(f"{folder} exists already", hint="choose another name, or edit that one")
    for file, text in _SCAFFOLD.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            text.format(id=name, title=name.replace("-", " ").capitalize()), encoding="utf-8"
        )
    return folder
