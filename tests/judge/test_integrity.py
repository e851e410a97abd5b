"""What honest code makes torch change is not held against it; what a forger changes is."""

import pytest

from drill.challenge import Limits
from drill.judge import client
from drill.judge.protocol import Job
from drill.report import Report, Verdict

CHECKS = '''\
import torch
from drill.checking import assert_close


def test_answer(submission):
    """the answer is two"""
    assert_close(submission.answer(torch.ones(2)), torch.full((2,), 2.0))


def test_again(submission):
    """and again"""
    assert_close(submission.answer(torch.ones(2)), torch.full((2,), 2.0))
'''


def judged(body: str) -> Report:
    """Judge an answer whose function first runs `body`."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    source = (
        f"import torch\nfrom torch import nn\n\n\ndef answer(x):\n{indented}\n    return x * 2\n"
    )
    return client.grade(Job("test", source, "answer.py", CHECKS, ("answer",), Limits()))


HONEST = {
    "an optimizer": "p = nn.Parameter(torch.ones(2))\np.grad = torch.ones(2)\nfor kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop):\n    kind([p], lr=0.1).step()",
    "an optimizer of one's own": "class Mine(torch.optim.Optimizer):\n    def __init__(self, ps):\n        super().__init__(ps, {})\n    def step(self):\n        pass\nMine([nn.Parameter(x)]).step()",
    "vmap and hessian": "torch.func.vmap(torch.func.grad(lambda t: (t ** 2).sum()))(torch.ones(2, 2))\ntorch.func.hessian(lambda t: (t ** 2).sum())(x)",
    "checkpointing": "from torch.utils.checkpoint import checkpoint\ny = x.clone().requires_grad_()\ncheckpoint(lambda t: t * 2, y, use_reentrant=False).sum().backward()",
    "functional_call": "m = nn.Linear(2, 2)\ntorch.func.functional_call(m, dict(m.named_parameters()), (x,))",
    "workers": "from torch.utils.data import DataLoader, TensorDataset\nlist(DataLoader(TensorDataset(torch.ones(4)), num_workers=1))",
    "autocast": "with torch.autocast('cpu', torch.bfloat16):\n    nn.Linear(2, 2)(x)",
    "scripting": "torch.jit.script(nn.Linear(2, 2))",
    "seeds and modes": "torch.manual_seed(3)\nwith torch.no_grad(), torch.inference_mode():\n    nn.Linear(2, 2)(x)",
    "parametrizations": "torch.nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))(x)",
    "a hook on a module": "m = nn.Linear(2, 2)\nm.register_forward_hook(lambda m, i, o: o)\nm(x)",
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_is_accepted(name: str) -> None:
    report = judged(HONEST[name])
    assert report.verdict is Verdict.ACCEPTED, report


FORGED = {
    "torch.allclose": "torch.allclose = lambda *a, **k: True",
    "torch.isclose": "torch.isclose = lambda a, b, **k: torch.ones_like(a, dtype=torch.bool)",
    "a method of Tensor": "torch.Tensor.__eq__ = lambda a, b: torch.ones(2, dtype=torch.bool)",
    "a builtin": "import builtins\nbuiltins.isinstance = lambda *a: True",
    "drill's own comparison": "import drill.checking\ndrill.checking.assert_close = lambda *a, **k: None",
    "the code of a function": "import drill.checking\ndrill.checking.assert_close.__code__ = (lambda *a, **k: None).__code__",
    "pytest's runner": "import _pytest.runner\n_pytest.runner.CallInfo.from_call = None",
    "a trace function": "import sys\nsys.settrace(lambda *a: None)",
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_a_forger_changes_is_told(name: str) -> None:
    report = judged(FORGED[name])
    assert report.verdict is Verdict.TAMPERED, report
    assert report.message
