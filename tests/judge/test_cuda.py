"""On a machine with a CUDA device: the judge confines and judges there as it does on the CPU."""

from dataclasses import replace

import pytest

from drill.judge import client
from drill.report import Verdict

CHECKS = '''
import torch

from drill.checking import assert_close


def test_product(submission, device):
    """a product, on the device"""
    x = torch.randn(3, 4, device=device)
    assert_close(submission.answer(x), (x.cpu().double() @ x.cpu().double().T).to(x))
'''
ANSWER = "def answer(x):\n    return x @ x.T\n"


def _cuda_is_there() -> bool:
    import torch

    return torch.cuda.is_available()


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _cuda_is_there(), reason="no CUDA device is here"),
]


@pytest.fixture
def on_cuda(make_job):
    """A job that is judged on the first CUDA device."""

    def make(text: str = ANSWER, **limits: object):
        # The driver alone takes half a gigabyte of the process's own memory.
        roomy = {"memory_mb": 2048, "wall_s": 30, "cpu_s": 30} | limits
        return replace(make_job(text, checks=CHECKS, **roomy), device="cuda")

    return make


@pytest.mark.usefixtures("level")
def test_a_right_answer_is_accepted_at_every_level(on_cuda):
    report = client.grade(on_cuda())
    assert report.verdict is Verdict.ACCEPTED, report
    assert report.device == "cuda:0"


@pytest.mark.usefixtures("level")
def test_a_submission_in_a_process_of_its_own_is_accepted(on_cuda):
    report = client.grade(replace(on_cuda(), isolated=True))
    assert report.verdict is Verdict.ACCEPTED, report


def test_auto_takes_the_gpu_and_names_it(on_cuda):
    assert client.grade(replace(on_cuda(), device="auto")).device == "cuda:0"


def test_a_result_left_on_the_cpu_is_told_as_that(on_cuda):
    report = client.grade(on_cuda("def answer(x):\n    return (x @ x.T).cpu()\n"))
    assert report.verdict is Verdict.WRONG_ANSWER
    assert "cuda:0" in report.failed[0].message


@pytest.mark.parametrize(
    ("text", "limits", "verdict"),
    [
        pytest.param("while True: pass", {"wall_s": 5}, "time limit", id="endless"),
        pytest.param("import ctypes; ctypes.string_at(1)", {}, "crashed", id="segfault"),
        pytest.param(
            "import torch\ndef answer(x):\n"
            "    torch.arange(9, device=x.device)[torch.tensor([99], device=x.device)]\n"
            "    return x @ x.T\n",
            {},
            "wrong answer",
            id="device-side assert",
        ),
        pytest.param(
            "import torch\ndef answer(x):\n    return torch.empty(1 << 50, device=x.device)\n",
            {},
            "memory limit",
            id="the GPU's memory",
        ),
    ],
)
def test_the_next_submission_is_judged_right_after(on_cuda, text, limits, verdict):
    submission = text if "def answer" in text else f"{text}\n{ANSWER}"
    assert client.grade(on_cuda(submission, **limits)).verdict == verdict
    assert client.grade(on_cuda()).verdict is Verdict.ACCEPTED


def test_no_file_of_the_learner_is_seen_from_there(on_cuda, tmp_path):
    (tmp_path / "secret").write_text("kept")
    report = client.grade(on_cuda(f"open({str(tmp_path / 'secret')!r})\n" + ANSWER))
    assert report.verdict is Verdict.ERROR
