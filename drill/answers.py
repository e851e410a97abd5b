"""What the code on a card really does: run in this process for our own decks, else by the judge.

The answers for the built-in decks are computed beforehand into `decks/answers.json`, so that the
first card is on the screen without importing torch.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drill.cards import PRELUDE, Cloze, Computed, Output, Shape, snippet_hash
from drill.challenge import Limits
from drill.decks import read_deck
from drill.errors import JudgeError
from drill.judge.protocol import Job
from drill.report import Outcome, Report, Verdict

Grade = Callable[[Job], Report]

LIMITS = Limits(wall_s=10, memory_mb=2048)

# Runs in the judged process. The result comes back as the message of a check that fails.
_RUN = '''
import contextlib, io, json

def test_runs(submission):
    """run the snippet"""
    said, error = io.StringIO(), ""
    with contextlib.redirect_stdout(said):
        try:
            exec(compile({snippet!r}, "card", "exec"), vars(submission))
        except Exception as raised:
            error = type(raised).__name__
    raise AssertionError(json.dumps([said.getvalue(), error]))
'''

_BEHAVES = '''
def test_behaves(submission):
    """the completed code behaves as it must"""
    exec(compile({behaves!r}, "behaves", "exec"), vars(submission))
'''


def compute(snippet: str) -> Computed:
    """Run code that we trust, our own, in this process."""
    import contextlib
    import io

    names: dict[str, Any] = {"__name__": "card"}
    exec(PRELUDE, names)
    said, error = io.StringIO(), ""
    with contextlib.redirect_stdout(said):
        try:
            exec(compile(snippet, "card", "exec", dont_inherit=True), names)
        except Exception as raised:
            error = type(raised).__name__
    return Computed(said.getvalue(), error)


def judged(snippet: str, grade: Grade) -> Computed:
    """Run a snippet from someone's own deck, in the judge.

    Raises:
        JudgeError: it did not come to an end in the judge.
    """
    report = grade(_job("the card", PRELUDE, _RUN.format(snippet=snippet)))
    for check in report.checks:
        if check.outcome is Outcome.FAILED and check.message.startswith("["):
            printed, error = json.loads(check.message)
            return Computed(printed, error)
    raise JudgeError(
        f"the code of this card could not be run: {report.verdict}",
        hint=report.message or "edit the card with: e",
    )


def behaves(card: Cloze, filling: str, grade: Grade) -> tuple[bool, str]:
    """Whether the completed code does what it must, and if not what happened instead."""
    report = grade(
        _job(card.id, PRELUDE + card.completed(filling), _BEHAVES.format(behaves=card.behaves))
    )
    if report.verdict is Verdict.JUDGE_FAILURE:
        raise JudgeError(report.message or "the judge failed", hint=report.hint)
    if report.verdict is Verdict.ACCEPTED:
        return True, ""
    return False, _trouble(report)


def _job(name: str, submission: str, checks: str) -> Job:
    return Job(
        challenge=name,
        submission=submission,
        filename="card.py",
        checks=checks,
        entry=(),
        limits=LIMITS,
    )


def _trouble(report: Report) -> str:
    """What went wrong, without the text of the asserts: they would give the answer away."""
    if report.verdict is Verdict.WRONG_ANSWER:
        failed = report.failed[0]
        if failed.outcome is Outcome.FAILED:
            return "the completed code runs, and does something else"
        return f"the completed code does something else: {failed.message.rpartition(': ')[2]}"
    return report.message or str(report.verdict)


# drill dev answers


def write(folder: Path) -> int:
    """Compute the answers of the decks in a folder into its answers.json; returns how many."""
    import torch  # a command for authors only

    answers = {
        card.id: {"snippet": snippet_hash(card.snippet), "printed": did.printed, "error": did.error}
        for path in sorted(folder.glob("*.yaml"))
        for card in read_deck(path).cards
        if isinstance(card, Output | Shape)
        for did in [compute(card.snippet)]
    }
    content = {"torch": torch.__version__.partition("+")[0], "answers": answers}
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    temporary = folder / "answers.new"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / "answers.json")
    return len(answers)
