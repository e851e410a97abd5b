"""Hidden checks for gradient-by-hand. A check's docstring is the line the learner sees."""

import contextlib
import weakref

import pytest
import torch
from torch import nn

from drill.checking import assert_close, fail, tried


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments):
        self.calls += 1
        return self.function(*arguments)


def demand_one_call(f):
    if f.calls != 1:
        fail(
            f"f was called {f.calls} times, expected once",
            hint="autograd needs one forward pass; finite differences need more and are inexact",
        )


@pytest.mark.parametrize("x", [2, -1.3, 0.1], ids=str)
def test_derivative(submission, x):
    """derivative gives df/dx"""
    shapes = []

    def function(x):
        shapes.append(tuple(x.shape))
        return x**3 * torch.sin(x) + 5 * x

    f = Counted(function)
    t = torch.tensor(float(x), dtype=torch.float64)
    expected = (3 * t**2 * torch.sin(t) + t**3 * torch.cos(t) + 5).item()
    tried(f"derivative(f, {x}) of f(x) = x**3 * sin(x) + 5 * x")
    try:
        got = submission.derivative(f, x)
    except RuntimeError as error:
        fail(
            f"x = {x} raises RuntimeError: {error}",
            hint="torch.tensor of a whole number is int64, which has no gradient",
        )
    demand_one_call(f)
    assert shapes == [()], (
        f"f should get a scalar tensor, of shape (), and got one of shape {shapes[0]}"
    )
    assert not isinstance(got, torch.Tensor), (
        "the result should be a float, got a tensor; .item() gives its number"
    )
    assert_close(
        got,
        expected,
        mistakes={"this is the value of f, not its derivative": f.function(t).item()},
    )
    # 1e-12: float64; a float32 tensor of 0.1 is off by 1e-9
    assert_close(
        got,
        expected,
        hint="compute in float64: torch.tensor(x, dtype=torch.float64)",
        rtol=1e-12,
        atol=1e-12,
    )


def test_gradient(submission, device):
    """gradient gives the gradient of a scalar, for any kind of x"""
    w = torch.randn(2, 3, device=device, requires_grad=True)
    kinds = {
        "a plain tensor": w.detach().clone(),
        "a leaf that requires a gradient": w.detach().clone().requires_grad_(),
        "the result of a computation": w * 2,
        "float64": w.detach().double(),
        "a scalar": torch.tensor(0.7, device=device),
    }
    for kind, x in kinds.items():
        f = Counted(lambda x: (x**3 - x.sin()).sum())
        expected = 3 * x.detach() ** 2 - x.detach().cos()
        tried(f"gradient(f, x) of f(x) = (x**3 - x.sin()).sum(), where x is {kind}", x=x)
        got = submission.gradient(f, x)
        if got is None:
            fail(
                f"the result is None where x is {kind}",
                hint="only leaves keep .grad; torch.autograd.grad returns gradients of anything",
            )
        demand_one_call(f)
        assert_close(got, expected, mistakes={"the sign is turned round": -expected})


def test_vector_jacobian(submission, device):
    """vector_jacobian weighs the outputs by v"""
    matrix = torch.randn(4, 4, device=device)
    x, v = torch.randn(4, device=device), torch.randn(4, device=device)
    jacobian = 2 * matrix * x  # of matrix @ x**2
    f = Counted(lambda x: matrix @ x**2)
    tried("vector_jacobian(f, x, v) of f(x) = A @ x**2", x=x, v=v)
    got = submission.vector_jacobian(f, x, v)
    demand_one_call(f)
    assert_close(
        got,
        v @ jacobian,
        mistakes={
            "v is ignored: this is the gradient of f(x).sum()": jacobian.sum(0),
            "v stands on the other side: this is J @ v, not v @ J": jacobian @ v,
        },
        rtol=1e-5,
        atol=1e-5,
    )
    x, v = torch.randn(3, device=device), torch.randn(2, 5, device=device)
    matrices = torch.randn(2, 5, 3, device=device)
    tried("vector_jacobian(f, x, v) where f(x) is (2, 5)", x=x, v=v)
    expected = torch.einsum("ij,ijk->k", v, matrices)
    assert_close(
        submission.vector_jacobian(lambda x: matrices @ x, x, v), expected, rtol=1e-5, atol=1e-5
    )
    x, v, matrices = (
        x.double() / 3,
        v.double() / 3,
        matrices.double(),
    )  # thirds: float32 would round them
    tried("vector_jacobian(f, x, v) in float64", x=x, v=v)
    # float64's own digits: rounding v to float32 leaves 1e-7
    assert_close(
        submission.vector_jacobian(lambda x: matrices @ x, x, v),
        torch.einsum("ij,ijk->k", v, matrices),
        hint="nothing should be cast to one dtype",
        rtol=1e-12,
        atol=1e-12,
    )


def loss(weight, batch):
    return ((batch @ weight) ** 2).mean()


def batches_for(device):
    return [torch.randn(n, 3, device=device) for n in (4, 2, 5)]


def test_accumulated_gradient(submission, device):
    """accumulated_gradient adds the gradients of all batches"""
    weight = torch.randn(3, device=device, requires_grad=True)
    batches = batches_for(device)
    single = [2 * b.T @ (b @ weight.detach()) / len(b) for b in batches]
    expected = sum(single)
    counted = Counted(loss)
    tried("accumulated_gradient(loss, weight, batches) of three batches", weight=weight)
    got = submission.accumulated_gradient(counted, weight, iter(batches))
    assert counted.calls == 3, f"loss was called {counted.calls} times for 3 batches"
    assert_close(
        got,
        expected,
        mistakes={
            "this is the gradient of the last batch alone": single[-1],
            "this is the mean over the batches; the sum is wanted": expected / 3,
        },
        rtol=1e-5,
        atol=1e-5,
    )
    weight = weight.detach().double().requires_grad_()
    batches = [b.double() for b in batches]
    tried("accumulated_gradient(loss, weight, batches) in float64", weight=weight)
    assert_close(
        submission.accumulated_gradient(loss, weight, batches),
        sum(2 * b.T @ (b @ weight.detach()) / len(b) for b in batches),
        hint="nothing should be cast to one dtype",
        rtol=1e-12,
        atol=1e-12,
    )


def calls_on(submission, device):
    """Each function once, on x of its own with a parameter inside, and what must not change."""
    linear = nn.Linear(3, 1).to(device)

    def f(x):
        return linear(x).sin().sum()

    x = torch.randn(2, 3, device=device)
    v = torch.ones(2, 1, device=device, requires_grad=True)
    weight = torch.randn(3, device=device, requires_grad=True)
    batches = batches_for(device)
    scalar = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    used = {
        "weight": weight,
        "linear.weight": linear.weight,
        "linear.bias": linear.bias,
        "scalar": scalar,
        "v": v,
    }
    return {
        "derivative(f, 1.5)": (
            lambda: submission.derivative(lambda x: scalar * x**2, 1.5),
            x,
            used,
        ),
        "gradient(f, x)": (lambda: submission.gradient(f, x), x, used),
        "vector_jacobian(f, x, v)": (
            lambda: submission.vector_jacobian(linear, x, v),
            x,
            used,
        ),
        "accumulated_gradient(loss, weight, batches)": (
            lambda: submission.accumulated_gradient(
                lambda w, b: loss(w, b) + linear(b).sum(), weight, batches
            ),
            weight,
            used,
        ),
    }


@pytest.mark.parametrize(
    "index", range(4), ids=["derivative", "gradient", "vector_jacobian", "accumulated_gradient"]
)
def test_no_trace(submission, device, index):
    """nothing of the caller's changes: values, requires_grad, .grad"""
    call, (run, x, used) = list(calls_on(submission, device).items())[index]
    before, required = x.detach().clone(), x.requires_grad
    tried(call, x=x)
    first = run()
    if x.requires_grad is not required:
        fail(
            f"requires_grad of the caller's tensor is {x.requires_grad} now",
            hint="x.detach().requires_grad_() is a leaf of your own",
        )
    for name, tensor in used.items():
        if tensor.grad is not None:
            fail(
                f"the .grad of {name if name in ('weight', 'v') else 'a parameter inside f'} was touched",
                hint="backward() adds to the .grad of every leaf in the graph; torch.autograd.grad touches none",
            )
    assert x.grad is None, "the .grad of x was touched"
    assert torch.equal(x.detach(), before), "the values of the caller's tensor changed"
    # The second time with a .grad that is the caller's
    for tensor in (*used.values(), x):
        if tensor.requires_grad:
            tensor.grad = torch.full_like(tensor, 100.0)
    tried(f"{call}, the tensors having a .grad of their own", x=x)
    second = run()
    assert_close(
        second,
        first,
        what="the result of a second call",
        hint="a .grad that was there before is counted in",
    )
    for name, tensor in used.items():
        assert tensor.grad is not None and (tensor.grad == 100).all(), (
            f"the .grad of {name} was changed"
        )


def test_gradient_ignores_an_old_grad(submission, device):
    """a .grad that x has already is neither counted in nor changed"""
    x = torch.randn(3, device=device, requires_grad=True)
    x.grad = torch.full_like(x, 100.0)
    for call, run in {
        "gradient(f, x)": lambda: submission.gradient(lambda x: (5 * x).sum(), x),
        "vector_jacobian(f, x, v)": lambda: submission.vector_jacobian(
            lambda x: 5 * x, x, torch.ones_like(x)
        ),
    }.items():
        tried(f"{call}, where x requires a gradient and has a .grad of 100", x=x)
        assert_close(
            run(), torch.full_like(x, 5.0), hint="the .grad that was there before is counted in"
        )
        assert x.grad is not None and (x.grad == 100).all(), "the .grad of x was changed"
        assert x.requires_grad, "requires_grad of x was turned off"


def test_result_is_not_in_a_graph(submission, device):
    """the result is not part of any graph"""
    for call, (run, _, _) in calls_on(submission, device).items():
        tried(call)
        got = run()
        if isinstance(got, torch.Tensor):
            assert not got.requires_grad, (
                "the result is part of a graph, which keeps everything behind it in memory"
            )


@pytest.mark.parametrize("enabled", [True, False], ids=["on", "off"])
def test_gradient_mode_is_kept(submission, device, enabled):
    """gradients are on or off after the call as they were before"""
    mode = "on" if enabled else "off"
    calls = {call: run for call, (run, _, _) in calls_on(submission, device).items()}

    def broken(*arguments):
        raise ArithmeticError

    x = torch.randn(3, device=device)
    raising = {
        "derivative(f, 1.5)": lambda: submission.derivative(broken, 1.5),
        "gradient(f, x)": lambda: submission.gradient(broken, x),
        "vector_jacobian(f, x, v)": lambda: submission.vector_jacobian(broken, x, x),
        "accumulated_gradient(f, x, [x])": lambda: submission.accumulated_gradient(broken, x, [x]),
    }
    for call, run in [*calls.items(), *((f"{c}, where f raises", r) for c, r in raising.items())]:
        tried(f"{call}, with gradients turned {mode}")
        with torch.set_grad_enabled(enabled):
            with contextlib.suppress(ArithmeticError):
                run()
            if torch.is_grad_enabled() is not enabled:
                fail(
                    f"gradients are {'off' if enabled else 'on'} after the call; the caller had turned them {mode}",
                    hint="with torch.enable_grad(): sets the mode for a block and puts it back, also after an exception",
                )


def test_no_trace_where_f_raises(submission, device):
    """nothing of the caller's changes where f raises either"""

    def broken(x):
        raise ArithmeticError

    def second_fails(weight, batch):
        if batch:
            raise ArithmeticError
        return weight.square().sum()

    x = torch.randn(3, device=device)
    weight = torch.randn(3, device=device, requires_grad=True)
    weight.grad = torch.full_like(weight, 100.0)
    calls = {
        "gradient(f, x), where f raises": lambda: submission.gradient(broken, x),
        "vector_jacobian(f, x, v), where f raises": lambda: submission.vector_jacobian(
            broken, x, torch.ones_like(x)
        ),
        "accumulated_gradient(loss, weight, batches), where loss raises on the second batch": lambda: (
            submission.accumulated_gradient(second_fails, weight, [False, True])
        ),
    }
    for call, run in calls.items():
        tried(call)
        with contextlib.suppress(ArithmeticError):
            run()
        hint = "what is put back only after f has returned stays changed where f raises; work on a leaf of your own"
        if x.requires_grad or not weight.requires_grad:
            fail("requires_grad of the caller's tensor is another now", hint=hint)
        if weight.grad is None or not (weight.grad == 100).all():
            fail(f"the .grad of weight was 100 and is {weight.grad} now", hint=hint)


@pytest.mark.parametrize("kind", ["takes no part", "has no graph"])
def test_no_dependence_gives_zeros(submission, device, kind):
    """a result that does not depend on x has the gradient 0"""
    c = torch.randn(3, device=device, requires_grad=kind == "takes no part")
    x = torch.randn(2, 3, device=device, dtype=torch.float64)
    weight = torch.randn(2, 3, device=device, dtype=torch.float64, requires_grad=True)
    # the last case: one batch depends on the weight, the others do not
    calls = {
        "derivative(f, 1.5)": (lambda: submission.derivative(lambda x: c.sum().double(), 1.5), 0.0),
        "gradient(f, x)": (lambda: submission.gradient(lambda x: c.sum(), x), torch.zeros_like(x)),
        "vector_jacobian(f, x, v)": (
            lambda: submission.vector_jacobian(lambda x: c * 2, x, torch.ones_like(c)),
            torch.zeros_like(x),
        ),
        "accumulated_gradient(loss, weight, batches)": (
            lambda: submission.accumulated_gradient(
                lambda w, b: w.sum() if b else c.sum(), weight, [False, True, False]
            ),
            torch.ones_like(x),
        ),
    }
    for call, (run, expected) in calls.items():
        tried(
            f"{call}, where the result {kind} of x"
            if kind == "has no graph"
            else f"{call}, where x takes no part in the result"
        )
        try:
            got = run()
        except (RuntimeError, AttributeError, TypeError) as error:
            fail(
                f"it raises {type(error).__name__}: {error}",
                hint="allow_unused=True gives None for a tensor that takes no part; a result without requires_grad has no graph to go through",
            )
        assert got is not None, "the result is None, expected zeros in the shape of x"
        assert_close(got, expected)
        assert not getattr(got, "requires_grad", False), (
            "the zeros require a gradient; the result is part of no graph"
        )


def test_works_under_no_grad(submission, device):
    """the functions work inside the caller's no_grad, and leave it on"""
    x = torch.tensor([1.0, 2.0], device=device)
    weight = torch.ones(2, device=device, requires_grad=True)
    calls = {
        "derivative(f, 3.0)": (lambda: submission.derivative(lambda x: x**2, 3.0), 6.0),
        "gradient(f, x)": (lambda: submission.gradient(lambda x: (x**2).sum(), x), 2 * x),
        "vector_jacobian(f, x, v)": (
            lambda: submission.vector_jacobian(lambda x: x**2, x, x),
            2 * x * x,
        ),
        "accumulated_gradient(loss, weight, batches)": (
            lambda: submission.accumulated_gradient(lambda w, b: (w * b).sum(), weight, [x, x]),
            2 * x,
        ),
    }
    hint = "with torch.enable_grad(): records inside no_grad"
    for call, (run, expected) in calls.items():
        tried(f"with torch.no_grad(): {call}")
        with torch.no_grad():
            try:
                got = run()
            except RuntimeError as error:
                fail(f"under torch.no_grad() it raises RuntimeError: {error}", hint=hint)
            assert not torch.is_grad_enabled(), (
                "gradients are on after the call; the caller had turned them off"
            )
        assert_close(got, expected, hint=hint)


class Saved:
    """What autograd keeps of one tensor for the backward pass."""

    def __init__(self, tensor):
        self.tensor = tensor


def test_each_graph_is_freed(submission, device):
    """one batch's graph is freed before the next batch"""
    weight = torch.randn(3, device=device, requires_grad=True)
    saved = []

    def watched(weight, batch):
        alive = [s for s in saved if s() is not None]
        if alive:
            fail(
                "loss is called while the graph of the batch before is still alive",
                mistake="adding the losses up, or retain_graph=True, keeps every graph in memory",
                hint="one backward pass for each batch",
            )
        return loss(weight, batch)

    def pack(tensor):
        keeper = Saved(tensor.detach())
        saved.append(weakref.ref(keeper))
        return keeper

    tried("accumulated_gradient(loss, weight, batches) of three batches", weight=weight)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda keeper: keeper.tensor):
        submission.accumulated_gradient(watched, weight, batches_for(device))


def test_no_batches_give_zeros(submission, device):
    """without any batch the accumulated gradient is 0"""
    weight = torch.randn(2, 3, device=device, dtype=torch.float64, requires_grad=True)
    tried("accumulated_gradient(loss, weight, [])", weight=weight)
    got = submission.accumulated_gradient(loss, weight, [])
    assert got is not None, "the result is None, expected zeros in the shape of weight"
    assert_close(got, torch.zeros_like(weight.detach()))
