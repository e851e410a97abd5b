import ast
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from drill.challenge import Rule
from drill.judge.rules import Guard, RuleBroken, violations

RULES = (
    Rule(
        ("torch.nn.Linear", "torch.nn.functional.linear", "torch.softmax", "torch.Tensor.softmax"),
        "write it yourself",
    ),
)
FILE = "answer.py"


def found(source: str) -> list[tuple[str, int]]:
    return [(v.name, v.line) for v in violations(ast.parse(source), RULES)]


@pytest.mark.parametrize(
    ("source", "name", "line"),
    [
        pytest.param("import torch\ntorch.nn.Linear(1, 2)", "torch.nn.Linear", 2, id="by attribute"),
        pytest.param("from torch import nn\nnn.Linear(1, 2)", "torch.nn.Linear", 2, id="by module"),
        pytest.param("from torch.nn import Linear as L\nL(1, 2)", "torch.nn.Linear", 2, id="by import under another name"),
        pytest.param("import torch.nn.functional as F\nF.linear", "torch.nn.functional.linear", 2, id="module under another name"),
        pytest.param("from torch import nn\nclass A(nn.Linear): pass", "torch.nn.Linear", 2, id="as a base class"),
        pytest.param("from torch import nn\nL = nn\nL.Linear", "torch.nn.Linear", 3, id="by an alias of the module"),
        pytest.param("from torch import nn\nL = nn.Linear", "torch.nn.Linear", 2, id="by an alias"),
        pytest.param("from torch import nn\ngetattr(nn, 'Linear')", "torch.nn.Linear", 2, id="by getattr"),
        pytest.param("from torch.nn.modules.linear import Linear\nLinear(1, 2)", "torch.nn.modules.linear.Linear", 2, id="by its real module"),
        pytest.param("import torch\ntorch._C._nn.linear", "torch._C._nn.linear", 2, id="by a back door"),
        pytest.param("import torch\ntorch.ops.aten.linear", "torch.ops.aten.linear", 2, id="by the operator registry"),
    ],
)  # fmt: skip
def test_the_syntax_tree_shows_the_name(source: str, name: str, line: int) -> None:
    (seen,) = found(source)
    assert seen[1] == line
    assert seen[0] == name or name.endswith(seen[0].rpartition(".")[2])


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("from torch import nn\nclass A(nn.Module): pass", id="another name of the module"),
        pytest.param("from torch import nn\ndef f(layer: nn.Linear) -> nn.Linear: return layer", id="annotations"),
        pytest.param("from torch import nn\nx: nn.Linear = None", id="an annotated name"),
        pytest.param("from torch import nn\nisinstance(3, nn.Linear)", id="isinstance"),
        pytest.param("from torch.nn import Linear", id="an import that is never used"),
        pytest.param("# nn.Linear\n'nn.Linear'", id="comments and texts"),
        pytest.param("from torch import nn\nif __name__ == '__main__':\n    nn.Linear(1, 2)", id="the script's own test"),
        pytest.param("class A:\n    def linear(self): pass\n    def f(self): self.linear()", id="a method of one's own"),
        pytest.param("def softmax(x): return x\nsoftmax(1)", id="a function of one's own"),
    ],
)  # fmt: skip
def test_what_is_no_use_of_the_name(source: str) -> None:
    assert found(source) == []


def test_a_rule_may_name_the_real_module() -> None:
    rule = Rule(("torch.nn.modules.batchnorm._BatchNorm",), "write it yourself")
    source = "from torch.nn.modules.batchnorm import _BatchNorm\nclass A(_BatchNorm): pass"
    assert [violation.line for violation in violations(ast.parse(source), (rule,))] == [2]


def test_without_rules_everything_goes() -> None:
    assert violations(ast.parse("import torch\ntorch._C"), ()) == []


def submission(source: str) -> dict[str, object]:
    names: dict[str, object] = {"torch": torch, "nn": nn, "F": F}
    exec(compile(source, FILE, "exec"), names)
    return names


@pytest.fixture
def guard():  # type: ignore[no-untyped-def]
    guard = Guard(RULES, FILE)
    guard.install()
    yield guard
    guard.remove()


@pytest.mark.parametrize(
    "body",
    [
        "getattr(nn, 'Lin' + 'ear')(3, 2)(x)",
        "getattr(F, 'lin' + 'ear')(x, x)",
        "vars(torch)['soft' + 'max'](x, 0)",
        "getattr(x, 'soft' + 'max')(0)",
        "type('L', (nn.Linear,), {})(3, 2)(x)",
    ],
)
def test_a_call_that_no_tree_shows_is_refused(guard: Guard, body: str) -> None:
    answer = submission(f"def answer(x):\n    return {body}")["answer"]
    with pytest.raises(RuleBroken) as caught:
        answer(torch.ones(3, 3))  # type: ignore[operator]
    assert caught.value.violation.line == 2
    assert caught.value.violation.message == "write it yourself"


def test_an_except_exception_does_not_hide_it(guard: Guard) -> None:
    answer = submission(
        "def answer(x):\n    try:\n        return torch.softmax(x, 0)\n    except Exception:\n        return x"
    )["answer"]
    with pytest.raises(RuleBroken):
        answer(torch.ones(3))  # type: ignore[operator]


def test_the_checks_may_use_the_name(guard: Guard) -> None:
    assert torch.softmax(torch.zeros(2), 0).tolist() == [0.5, 0.5]
    assert nn.Linear(3, 2)(torch.ones(3)).shape == (2,)


def test_what_torch_calls_by_itself_is_no_use_of_the_name() -> None:
    guard = Guard((Rule(("torch.arange",), "write it yourself"),), FILE)
    guard.install()
    try:
        # torch computes cumsum on the meta device in Python, with torch.arange
        answer = submission("def answer(x):\n    return x.cumsum(0)")["answer"]
        assert answer(torch.ones(3, device="meta")).shape == (3,)  # type: ignore[operator]
    finally:
        guard.remove()


def test_a_package_that_nobody_imported_is_left_alone() -> None:
    guard = Guard((Rule(("xmlrpc.client.dumps",), "write it yourself"),), FILE)
    sys.modules.pop("xmlrpc", None)
    guard.install()
    assert guard.replaced == []
    assert "xmlrpc" not in sys.modules
    import xmlrpc.client

    guard.install()
    try:
        assert guard.replaced == [(xmlrpc.client, "dumps")]
    finally:
        guard.remove()


def test_everything_is_put_back() -> None:
    before = (torch.softmax, F.linear, nn.Linear.__init__, vars(torch.Tensor).get("softmax"))
    guard = Guard(RULES, FILE)
    guard.install()
    assert torch.softmax is not before[0]
    guard.remove()
    after = (torch.softmax, F.linear, nn.Linear.__init__, vars(torch.Tensor).get("softmax"))
    assert after == before
