"""Hidden checks for hessian-vector-product. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from drill.checking import assert_close, fail, noncontiguous, tried, unchanged


def hessian_blocks(f, inputs):
    """The oracle: every block of the Hessian in full, row by row."""
    leaves = [x.detach().requires_grad_() for x in inputs]
    first = torch.autograd.grad(f(*leaves), leaves, create_graph=True)
    blocks = []
    for g in first:
        rows = [
            torch.autograd.grad(value, leaves, retain_graph=True, materialize_grads=True)
            for value in g.reshape(-1)
        ]
        blocks.append(
            [torch.stack([row[j].reshape(-1) for row in rows]) for j in range(len(leaves))]
        )
    return blocks, [g.detach() for g in first]


def product(blocks, vectors, shapes):
    return tuple(
        sum(block @ v.reshape(-1) for block, v in zip(row, vectors, strict=True)).view(shape)
        for row, shape in zip(blocks, shapes, strict=True)
    )


def test_one_input(submission, device):
    """H v of a function of one tensor"""
    a = torch.randn(2, 3, device=device, dtype=torch.float64)
    x, v = torch.randn_like(a), torch.randn_like(a)
    calls = []

    def f(x):
        calls.append(x)
        return (x * a).sum().sin() + (x**3 * a.flip(1)).sum() + (x[0] * x[1]).prod()

    [[h]], [g] = hessian_blocks(f, [x])
    calls.clear()
    expected = (h @ v.reshape(-1)).view(2, 3)
    tried("hvp(f, x, v) of a function with a full Hessian", x=x, v=v)
    try:
        got = submission.hvp(f, x, v)
    except RuntimeError as error:
        fail(
            f"it raises RuntimeError: {error}",
            hint="a gradient that is to be differentiated again is computed with create_graph=True, and only once per graph",
        )
    if len(calls) != 1:
        fail(
            f"f was called {len(calls)} times, expected once",
            hint="finite differences of the gradient are inexact, and need more calls",
        )
    assert not isinstance(got, tuple | list), "for one tensor the result is a tensor, got a tuple"
    assert_close(
        got,
        expected,
        mistakes={
            "v is ignored: this is H times ones": h.sum(1).view(2, 3),
            "this is the gradient times v; a second derivative is missing": g * v,
            "only the diagonal of H is used": (h.diagonal() * v.reshape(-1)).view(2, 3),
            "this is the outer product of the gradient with itself, times v (an approximation of H)": g
            * (g * v).sum(),
            "this is v · H v, a number; H v is wanted": (expected * v).sum(),
        },
    )


def several(device):
    m = torch.randn(3, 4, device=device, dtype=torch.float64)
    a, b = (
        torch.randn(3, device=device, dtype=torch.float64),
        torch.randn(2, 4, device=device, dtype=torch.float64),
    )
    return (lambda a, b: (a @ m * b).exp().sum() * 0.1 + (a**3).sum() + (b**4).sum()), (a, b)


def test_several_inputs(submission, device):
    """H v of a function of several tensors, cross terms included"""
    f, inputs = several(device)
    vectors = tuple(torch.randn_like(x) for x in inputs)
    blocks, _ = hessian_blocks(f, inputs)
    shapes = [x.shape for x in inputs]
    own = tuple((blocks[i][i] @ v.reshape(-1)).view(v.shape) for i, v in enumerate(vectors))
    tried("hvp(f, (a, b), (u, v)), where f(a, b) has cross terms", a=inputs[0], b=inputs[1])
    calls = []
    got = submission.hvp(lambda a, b: calls.append(a) or f(a, b), inputs, vectors)
    assert isinstance(got, tuple), (
        f"for a tuple of inputs the result is a tuple, got a {type(got).__name__}"
    )
    assert_close(
        got,
        product(blocks, vectors, shapes),
        mistakes={"the cross terms d²f / da db are missing; each input is treated by itself": own},
    )
    assert len(calls) == 1, f"f was called {len(calls)} times for two inputs, expected once"
    tried("hvp(f, (a,), (u,)), a tuple of one")
    single = submission.hvp(lambda a: f(a, inputs[1]), inputs[:1], vectors[:1])
    assert isinstance(single, tuple), "for a tuple of one input the result is a tuple of one"
    assert_close(single, own[:1])


class Watch(TorchDispatchMode):
    """Counts the operations, those of backward passes included, and notes the largest result."""

    def __init__(self):
        super().__init__()
        self.operations, self.largest = 0, 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.operations += 1
        for value in result if isinstance(result, tuple | list) else (result,):
            if isinstance(value, torch.Tensor):
                self.largest = max(self.largest, value.numel())
        return result


def test_hessian_is_never_built(submission, device):
    """neither memory nor the number of operations grows like the Hessian"""
    counts = {}
    for n in (5, 90):
        x, v = torch.randn(n, device=device), torch.randn(n, device=device)
        tried("hvp(f, x, v) with n = 5 and with n = 90", x=x)
        with Watch() as watch:
            submission.hvp(lambda x: (x[1:] * x[:-1]).sin().sum() + (x**4).sum(), x, v)
        counts[n] = watch.operations
    if counts[90] > counts[5]:
        fail(
            f"the number of operations grows with n: {counts[5]} for n = 5, {counts[90]} for n = 90",
            mistake="one backward pass for each row builds the Hessian",
            hint="differentiate the number (gradient * v).sum() once",
        )
    if watch.largest >= 90 * 90 // 2:
        fail(
            f"a tensor of {watch.largest} numbers is made for n = 90; H v needs a few of 90 numbers, H has 8100"
        )


@pytest.mark.parametrize(
    "kind",
    [
        "linear",
        "an input unused",
        "an input linear and apart",
        "the first input unused",
        "the first input linear and apart",
        "constant",
    ],
)
def test_no_curvature_gives_zeros(submission, device, kind):
    """where there is no curvature the product is 0"""
    a, b = (torch.randn(n, device=device, dtype=torch.float64) for n in (3, 2))
    functions = {
        "linear": lambda a, b: (2 * a).sum() + b.sum(),
        "an input unused": lambda a, b: (a**3).sum(),
        "an input linear and apart": lambda a, b: (a**3).sum() + (5 * b).sum(),
        "the first input unused": lambda a, b: (b**3).sum(),
        "the first input linear and apart": lambda a, b: (5 * a).sum() + (b**3).sum(),
        "constant": lambda a, b: torch.ones((), device=device, dtype=torch.float64),
    }
    curved_a, curved_b = "input" in kind and "first" not in kind, "first" in kind
    expected_a = 6 * a if curved_a else torch.zeros_like(a)
    expected_b = 6 * b if curved_b else torch.zeros_like(b)
    tried(f"hvp(f, (a, b), (ones, ones)), where f is {kind}", a=a, b=b)
    try:
        got = submission.hvp(functions[kind], (a, b), (torch.ones_like(a), torch.ones_like(b)))
    except (RuntimeError, AttributeError, TypeError) as error:
        fail(
            f"f is {kind}, and it raises {type(error).__name__}: {error}",
            hint="a tensor without requires_grad has no graph to differentiate; allow_unused (or materialize_grads) is for inputs that take no part",
        )
    assert all(part is not None for part in got), (
        "a part of the result is None, expected zeros in the shape of the input"
    )
    assert_close(
        got,
        (expected_a, expected_b),
        mistakes={
            "one input without curvature makes all of the product 0": (
                torch.zeros_like(a),
                torch.zeros_like(b),
            )
        },
    )
    assert kind not in ("linear", "constant") or not any(part.requires_grad for part in got), (
        "the zeros in the result require a gradient; torch.zeros_like(x) makes some that do not"
    )


def test_errors_of_f_are_shown(submission, device):
    """an error inside f is the caller's to see, not a product of 0"""
    x = torch.randn(3, device=device)

    def f(x):
        return (x @ torch.ones(4, device=device)) ** 2

    tried("hvp(f, x, v), where f multiplies tensors of 3 and of 4 numbers", x=x)
    try:
        submission.hvp(f, x, torch.ones_like(x))
    except Exception:
        return
    fail(
        "f raises, and a product is returned all the same",
        mistake="every RuntimeError is taken for a function without curvature",
        hint="ask y.requires_grad rather than catch the error",
    )


def test_no_trace(submission, device):
    """nothing of the caller's changes"""
    linear = nn.Linear(3, 1).to(device)
    x, v = torch.randn(2, 3, device=device), torch.randn(2, 3, device=device)
    tried("hvp(f, x, v), where f uses a parameter", x=x, v=v)
    with unchanged(x=x, v=v):
        got = submission.hvp(lambda x: linear(x).pow(3).sum(), x, v)
    assert not x.requires_grad and not v.requires_grad, (
        "requires_grad of the caller's tensor was turned on"
    )
    assert linear.weight.grad is None and linear.bias.grad is None, (
        "the .grad of a parameter inside f was touched; torch.autograd.grad touches none"
    )
    pair = submission.hvp(lambda a, b: linear(a).pow(3).sum() * b.sum(), (x, x * 2), (v, v))
    for result in (got, *pair):
        assert not result.requires_grad, (
            "the result is part of a graph, which keeps everything behind it in memory"
        )


def test_inputs_of_every_kind(submission, device):
    """leaves, results, float32 and float64 all work, and keep what they have"""
    w = torch.randn(4, device=device, requires_grad=True)
    leaf = w.detach().clone().requires_grad_()
    leaf.grad = torch.full_like(leaf, 100.0)
    kinds = {
        "a leaf with a .grad of its own": leaf,
        "an nn.Parameter": nn.Parameter(w.detach().clone()),
        "the result of a computation": w * 2,
        "float64": w.detach().double(),
        "not contiguous": noncontiguous(torch.randn(2, 3, device=device)),
        "a scalar": torch.tensor(0.6, device=device),
    }
    for kind, x in kinds.items():
        v = torch.randn_like(x.detach())
        if kind == "not contiguous":
            v = noncontiguous(v)
        if x.requires_grad:
            v.requires_grad_()
        required, x_before = x.requires_grad, x.detach().clone()
        tried(f"hvp(f, x, v) of f(x) = (x**4).sum(), where x is {kind}", x=x, v=v)
        got = submission.hvp(lambda x: (x**4).sum(), x, v)
        if got is None:
            fail(
                "the result is None",
                hint="only leaves keep .grad; torch.autograd.grad returns gradients of anything",
            )
        assert_close(
            got,
            12 * x_before**2 * v.detach(),
            hint="a .grad that is there already takes no part",
            rtol=1e-5,
            atol=1e-5,
        )
        assert x.requires_grad is required, "requires_grad of the caller's x was changed"
        assert v.grad is None, "the .grad of v was touched; torch.autograd.grad touches none"
        assert not got.requires_grad, "the result is part of a graph, where v requires a gradient"
    assert leaf.grad is not None and (leaf.grad == 100).all(), (
        "the .grad of the caller's leaf was changed"
    )
    assert w.grad is None, "the .grad of a tensor behind x was touched"


@pytest.mark.parametrize("kind", ["twice the same tensor", "a tensor and a result of it"])
def test_inputs_are_taken_apart(submission, device, kind):
    """inputs that are one tensor, or that hang together, are still two variables"""
    x = torch.randn(3, device=device, dtype=torch.float64)
    if kind == "a tensor and a result of it":
        x.requires_grad_()
    inputs = (x, x) if kind == "twice the same tensor" else (x, x * 2)
    vectors = tuple(torch.randn(3, device=device, dtype=torch.float64) for _ in range(2))
    a, b, (u, v) = *(t.detach().clone() for t in inputs), vectors
    expected = (2 * b * u + 2 * a * v, 2 * a * u)
    tried(f"hvp(f, (a, b), (u, v)) of f(a, b) = (a**2 * b).sum(), where the inputs are {kind}", a=a)
    got = submission.hvp(lambda a, b: (a**2 * b).sum(), inputs, vectors)
    assert_close(
        got,
        expected,
        hint="differentiate with respect to tensors of your own: x.detach().requires_grad_() for each input",
    )


def test_works_under_no_grad(submission, device):
    """it works inside the caller's no_grad, and leaves it on"""
    x, v = torch.randn(3, device=device), torch.randn(3, device=device)
    tried("with torch.no_grad(): hvp(f, x, v)", x=x, v=v)
    with torch.no_grad():
        try:
            got = submission.hvp(lambda x: (x**3).sum(), x, v)
            pair = submission.hvp(lambda a, b: (a**3).sum() + b.sum(), (x, x), (v, v))
        except RuntimeError as error:
            fail(
                f"under torch.no_grad() it raises RuntimeError: {error}",
                hint="with torch.enable_grad(): records inside no_grad",
            )
        assert not torch.is_grad_enabled(), (
            "gradients are on after the call; the caller had turned them off"
        )
    assert_close(
        (got, *pair),
        (6 * x * v, 6 * x * v, torch.zeros_like(x)),
        hint="with torch.enable_grad(): records inside no_grad",
        rtol=1e-5,
        atol=1e-5,
    )
