"""`--isolation process`: the checks and the submission in two processes, and only plain values between them."""

from dataclasses import replace

import pytest

from drill.challenge import Rule
from drill.judge import client
from drill.report import Verdict

pytestmark = pytest.mark.slow

CHECKS = '''
import pytest
import torch

from drill.checking import assert_close, fail


def test_number(submission):
    """a number"""
    x = torch.tensor(3.0)
    assert_close(submission.answer(x), 2 * x + 1)


def test_layouts(submission):
    """any layout, and other values beside the tensor"""
    x = torch.randn(3, 4).T
    assert_close(submission.answer(x, offset=2.5), 2 * x + 2.5)


def test_gradient(submission):
    """a gradient"""
    x, offset = torch.randn(2, 3, requires_grad=True), torch.randn(3, requires_grad=True)
    weight = torch.randn(2, 3)
    (submission.answer(x, offset) * weight).sum().backward()
    assert_close(x.grad, 2 * weight)
    assert_close(offset.grad, weight.sum(0))


def test_input_is_left_alone(submission):
    """the input is left alone"""
    x = torch.randn(3)
    before = x.clone()
    submission.answer(x)
    if not torch.equal(x, before):
        fail("x was changed in place")
'''
ANSWER = "def answer(x, offset=1):\n    "


@pytest.fixture
def judged(make_job):
    def judge(text, *, rules=(), **limits):
        job = make_job(text, checks=CHECKS, **limits)
        return client.grade(replace(job, isolated=True, rules=rules))

    return judge


def test_a_right_answer_is_accepted(judged, level):
    report = judged(f"print('hello')\n{ANSWER}return 2 * x + offset")
    assert report.verdict is Verdict.ACCEPTED, report
    assert report.isolated
    assert report.sandbox == level
    assert report.output == "hello\n"


def test_the_cold_judge_says_the_same(make_job):
    job = replace(make_job(f"{ANSWER}return 2 * x + offset", checks=CHECKS), isolated=True)
    assert client.grade(job, cold=True).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("body", "check", "message"),
    [
        pytest.param("return x", "test_number", "wrong values", id="wrong values"),
        pytest.param("return 2 * x.contiguous().view(-1)", "test_number", "shape", id="wrong shape"),
        pytest.param("return 2 * x.view(x.numel()).view(x.shape) + offset", "test_layouts", "view size", id="only contiguous"),
        pytest.param("return (2 * x + offset).detach()", "test_gradient", "does not require grad", id="cut from the graph"),
        pytest.param("return 2 * x.detach() + offset", "test_gradient", "", id="gradient of one input missing"),
        pytest.param("return (x.mul_(2) if x.shape == (3,) else x * 2) + offset", "test_input_is_left_alone", "changed in place", id="input changed"),
        pytest.param("return {2 * x}", "test_number", "a set does not cross", id="a value that is not plain"),
        pytest.param("return [][1]", "test_number", "IndexError: list index out of range", id="an exception"),
        pytest.param("import sys; sys.exit(0)", "test_number", "SystemExit", id="sys.exit"),
    ],
)  # fmt: skip
def test_a_wrong_answer_fails_where_it_is_wrong(judged, body, check, message):
    report = judged(ANSWER + body)
    assert report.verdict is Verdict.WRONG_ANSWER, report
    assert report.failed[0].id == check
    assert message in report.failed[0].message


def test_frames_are_the_submissions_own(judged):
    report = judged("def helper():\n    return 1 / 0\n\n\n" + ANSWER + "return helper()")
    assert [(f.line, f.function) for f in report.failed[0].frames] == [(6, "answer"), (2, "helper")]
    assert report.failed[0].message == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("text", "limits", "verdict", "message"),
    [
        pytest.param(f"{ANSWER}raise NotImplementedError", {}, "not attempted", "line 2", id="stub"),
        pytest.param("def answer(x", {}, "error", "SyntaxError", id="syntax"),
        pytest.param("1 / 0\n\ndef answer(x): ...", {}, "error", "ZeroDivisionError", id="import"),
        pytest.param(f"{ANSWER}while True: pass", {"wall_s": 1.0}, "time limit", "1 s", id="endless"),
        pytest.param(f"import ctypes\n{ANSWER}ctypes.string_at(1)", {}, "crashed", "SIGSEGV", id="segfault"),
        pytest.param(f"import os\n{ANSWER}os._exit(0)", {}, "error", "ended the process", id="exit"),
        pytest.param("import os; os._exit(3)\n\ndef answer(x): ...", {}, "error", "status 3", id="exit at import"),
        pytest.param(f"import torch\nkept = []\n{ANSWER}\n    while True: kept.append(torch.ones(1 << 20))", {}, "memory limit", "memory", id="memory"),
        pytest.param(f"{ANSWER}\n    while True: print('x' * 1000)", {}, "output limit", "64 KB", id="output"),
    ],
)  # fmt: skip
def test_every_end_has_its_verdict(judged, text, limits, verdict, message):
    report = judged(text, **limits)
    assert report.verdict == verdict, report
    assert message in report.message


def test_rules_hold_there_too(judged):
    rule = Rule(("torch.add",), "write +")
    text = f"import torch\n{ANSWER}return getattr(torch, 'ad' + 'd')(2 * x, offset)"
    report = judged(text, rules=(rule,))
    assert report.verdict is Verdict.RULE_BROKEN
    assert "line 3" in report.message


_WRITE_EVERYWHERE = """
import os
for number in range(3, 300):
    try:
        os.write(number, {bytes!r})
    except OSError:
        pass
"""


def test_junk_on_the_link_is_tampering(judged):
    report = judged(_WRITE_EVERYWHERE.format(bytes=b"\xff" * 64) + ANSWER + "return x")
    assert report.verdict is Verdict.TAMPERED
    assert "answers" in report.message


def test_nothing_of_the_judge_is_in_the_submissions_process(judged):
    text = (
        """
import gc, sys
found = [name for name in ("checks",) if name in sys.modules]
found += [type(o).__name__ for o in gc.get_objects() if type(o).__name__ in ("Plugin", "Session", "Integrity")]
print("found", found)
"""
        + ANSWER
        + "return 2 * x + offset"
    )
    report = judged(text)
    assert report.verdict is Verdict.ACCEPTED
    assert report.output == "found []\n"


def test_the_next_check_finds_the_same_judge(judged):
    report = judged(f"import torch\ntorch.add = None\n{ANSWER}return 2 * x")
    assert report.verdict is Verdict.WRONG_ANSWER
    assert judged(f"{ANSWER}return 2 * x + offset").verdict is Verdict.ACCEPTED
