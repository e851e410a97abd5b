"""Small jobs for the judge's own tests."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from drill.challenge import Limits
from drill.judge.protocol import Job

CHECKS = '''
import torch

from drill.checking import assert_close


def test_number(submission):
    """a number"""
    x = torch.tensor(3.0)
    assert_close(submission.answer(x), 2 * x + 1)


def test_matrix(submission):
    """a matrix"""
    x = torch.randn(2, 3)
    assert_close(submission.answer(x), 2 * x + 1)
'''
ANSWER = "\n\ndef answer(x):\n    return 2 * x + 1\n"
SMALL = Limits(
    wall_s=10, cpu_s=10, memory_mb=512, file_mb=16, output_kb=64, processes=16, threads=32
)

MakeJob = Callable[..., Job]


@pytest.fixture
def make_job() -> MakeJob:
    """A job of the right answer after `text`, or of `text` alone where that defines `answer`."""

    def make(text: str = "", *, checks: str = CHECKS, **limits: object) -> Job:
        submission = text if "def answer" in text else text + ANSWER
        return Job(
            "tests/example",
            submission,
            "submission.py",
            checks,
            ("answer",),
            replace(SMALL, **limits),
        )

    return make


@pytest.fixture(params=["full", "strict", "basic"])
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each level in turn, as far as this machine carries it."""
    from drill.judge import confine

    if not confine.at_least(confine.level(), request.param):
        pytest.skip(f"this machine reaches the level {confine.level()}")
    monkeypatch.setenv("DRILL_SANDBOX_MOST", request.param)
    return request.param
