"""Hidden checks for mse-and-huber. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import (
    assert_close,
    assert_same_gradients,
    fail,
    noncontiguous,
    tried,
    unchanged,
)


def reduced(losses, reduction):
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


def compare(actual, losses, reduction, ideas):
    """Against the reduced losses; `ideas` maps a wrong idea to what it gives for each element."""
    wrong = {}
    others = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}
    for other, value in others.items():
        if other != reduction:
            wrong[f"reduction is ignored: this is what reduction={other!r} returns"] = value
    wrong |= {idea: reduced(values, reduction) for idea, values in ideas.items()}
    expected = reduced(losses, reduction)
    if isinstance(actual, torch.Tensor) and actual.shape != expected.shape:
        told = ""
        for idea, value in wrong.items():
            if value.shape == actual.shape and torch.allclose(value, actual.detach()):
                told = idea
        if not told and reduction == "mean" and actual.ndim:
            told = "the mean is over all elements, not over one dimension"
        fail(
            f"with reduction={reduction!r} the result has the shape {tuple(actual.shape)}, expected {tuple(expected.shape)}",
            mistake=told,
        )
    if reduction == "mean" and losses.ndim > 1:
        wrong[
            "the losses are summed over the features and averaged over the batch; take the mean over all elements"
        ] = losses.sum() / len(losses)
        wrong["elements without an error are left out of the mean; they count"] = (
            losses.sum() / (losses != 0).sum()
        )
    assert_close(actual, expected, mistakes=wrong)


@pytest.mark.parametrize(
    "reduction", [None, "mean", "sum", "none"], ids=["default", "mean", "sum", "none"]
)
def test_mse_values(submission, device, reduction):
    """mse_loss in each reduction"""
    x, target = torch.randn(4, 3, device=device), torch.randn(4, 3, device=device)
    x[1, 2] = target[1, 2]  # an element without error counts in the mean
    e, losses = x - target, F.mse_loss(x, target, reduction="none")
    options = {} if reduction is None else {"reduction": reduction}
    tried(f"mse_loss(input, target, **{options})", input=x, target=target)
    actual = submission.mse_loss(x, target, **options)
    ideas = {
        "this is half the squared error; there is no factor 0.5 here": 0.5 * e**2,
        "this is the absolute error; square it": e.abs(),
        "the error is not squared, and positive and negative errors cancel": e,
    }
    if reduction in (None, "mean"):
        ideas["the square root is taken: this is the root mean squared error"] = (
            (e**2).mean().sqrt().expand(4, 3)
        )
    compare(actual, losses, reduction or "mean", ideas)


@pytest.mark.parametrize("name", ["mse_loss", "huber_loss"])
def test_inputs_are_left_alone(submission, device, name):
    """input and target are not changed"""
    x, target = torch.randn(4, 3, device=device), 2 * torch.randn(4, 3, device=device)
    tried(f"{name}(input, target)", input=x, target=target)
    with unchanged(input=x, target=target):
        getattr(submission, name)(x, target)


@pytest.mark.parametrize("delta", [1.0, 0.3, 2.5])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_huber_values(submission, device, delta, reduction):
    """huber_loss on both sides of delta, in each reduction"""
    magnitude = torch.tensor([[2.4, 0.5, 0.9], [1.0, 1.3, 4.0]], device=device) + 0.05 * torch.rand(
        2, 3, device=device
    )
    e = delta * torch.cat([magnitude, -magnitude])  # (4, 3): both signs, small and large
    target = torch.randn(4, 3, device=device)
    x = target + e
    x[0, 0] = target[0, 0]  # an element without error counts in the mean
    e = x - target  # as rounded
    a = e.abs()
    linear, quadratic = delta * (a - 0.5 * delta), 0.5 * e**2
    inside = a <= delta
    options = (
        {} if reduction == "mean" else {"reduction": reduction}
    )  # the default is tried as well
    options |= {} if delta == 1 else {"delta": delta}
    tried(f"huber_loss(input, target, **{options})", input=x, target=target)
    losses = F.huber_loss(x, target, reduction="none", delta=delta)
    actual = submission.huber_loss(x, target, **options)
    where = torch.where
    compare(
        actual,
        losses,
        reduction,
        {
            "this is smooth L1, which is the Huber loss divided by delta": where(
                inside, quadratic, linear
            )
            / delta,
            f"delta is taken as 1, here it is {delta:g}": F.huber_loss(
                x, target, reduction="none", delta=1.0
            ),
            "the linear piece lacks - 0.5 * delta, so the loss jumps at |e| = delta": where(
                inside, quadratic, delta * a
            ),
            "the linear piece subtracts 0.5 rather than 0.5 * delta": where(
                inside, quadratic, delta * (a - 0.5)
            ),
            "the linear piece should have a slope of delta, not 1": where(
                inside, quadratic, a - 0.5 * delta
            ),
            "the linear piece subtracts 0.5 * delta ** 2 twice over": where(
                inside, quadratic, delta * (a - delta)
            ),
            "the quadratic piece is 0.5 * e ** 2; the half is missing": where(inside, e**2, linear),
            "e is compared with delta where |e| should be: large negative errors stay quadratic": where(
                e <= delta, quadratic, linear
            ),
            "the pieces meet at |e| = 1 here; they meet at |e| = delta": where(
                a <= 1, quadratic, linear
            ),
            "e ** 2 is compared with delta where |e| should be": where(
                e**2 <= delta, quadratic, linear
            ),
            "the linear piece takes e where it should take |e|": where(
                inside, quadratic, delta * (e - 0.5 * delta)
            ),
            "the two pieces are exchanged: quadratic where |e| <= delta": where(
                inside, linear, quadratic
            ),
            "this is the pseudo-Huber loss, a smooth relative": delta**2
            * ((1 + (e / delta) ** 2).sqrt() - 1),
            "the error is clipped to delta, so the loss is flat beyond it": 0.5
            * a.clamp(max=delta) ** 2,
            "one piece is picked for the whole tensor (quadratic here); torch.where picks for each element": quadratic,
            "one piece is picked for the whole tensor (linear here); torch.where picks for each element": linear,
        },
    )


def test_arguments_by_position(submission, device):
    """input, target, reduction and delta also come by position"""
    x, target = torch.randn(4, 3, device=device), 2 * torch.randn(4, 3, device=device)
    calls = {
        "mse_loss": (("sum",), F.mse_loss(x, target, reduction="sum")),
        "huber_loss": (("sum", 0.5), F.huber_loss(x, target, reduction="sum", delta=0.5)),
    }
    for name, (more, expected) in calls.items():
        tried(f"{name}(input, target, {', '.join(map(repr, more))})", input=x, target=target)
        try:
            actual = getattr(submission, name)(x, target, *more)
        except (TypeError, ValueError, KeyError) as error:
            fail(
                f"{name} raises {type(error).__name__}: {error}",
                hint="by position the order is that of the stub: reduction comes before delta",
            )
        assert_close(actual, expected)


@pytest.mark.parametrize("name", ["mse_loss", "huber_loss"])
def test_far_from_zero(submission, device, name):
    """input and target in the thousands, close to one another"""
    target = 5000 + torch.randn(6, device=device)
    x = target + torch.randn(6, device=device)
    expected = getattr(F, name)(x, target, reduction="none")
    tried(f"{name}(input, target, reduction='none')", input=x, target=target)
    assert_close(
        getattr(submission, name)(x, target, reduction="none"),
        expected,
        hint="start from e = input - target; squares of large numbers that are subtracted leave no digits",
    )


@pytest.mark.parametrize("name", ["mse_loss", "huber_loss"])
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((4,), (4, 1)),
        ((4, 1), (4,)),
        ((4, 3), (3,)),
        ((3, 4), (4, 3)),
        ((4, 3), ()),
        ((1, 3), (4, 3)),
    ],
)
def test_shapes_must_agree(submission, device, name, left, right):
    """shapes that differ raise a ValueError"""
    x, target = torch.randn(left, device=device), torch.randn(right, device=device)
    tried(f"{name}(input, target)", input=x, target=target)
    try:
        result = getattr(submission, name)(x, target)
    except ValueError:
        return
    except (RuntimeError, AssertionError, TypeError) as error:
        fail(
            f"{name} of {left} and {right} raises {type(error).__name__}: {error}",
            hint="raise a ValueError where input.shape != target.shape",
        )
    fail(
        f"{name} of shapes {left} and {right} returns {tuple(result.shape) if isinstance(result, torch.Tensor) else result!r}",
        mistake="the two broadcast against each other, so that every prediction meets the wrong targets",
        hint="raise a ValueError where input.shape != target.shape",
    )


@pytest.mark.parametrize("name", ["mse_loss", "huber_loss"])
def test_float64_stays_float64(submission, device, name):
    """float64 in, float64 out, in any number of dimensions and any layout"""
    for shape in ((5,), (2, 3, 1, 4), (1,), ()):
        x = torch.randn(shape, device=device, dtype=torch.float64)
        target = x + 2 * torch.randn_like(x)
        x = noncontiguous(x) if x.numel() > 1 else x
        for reduction in ("none", "sum", "mean"):
            expected = getattr(F, name)(x, target, reduction=reduction)
            tried(
                f"{name}(input=input, target=target, reduction={reduction!r})",
                input=x,
                target=target,
            )
            assert_close(
                getattr(submission, name)(input=x, target=target, reduction=reduction),
                expected,
                hint="nothing should be cast to one dtype, and every dimension stays, those of size 1 too",
            )


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("name", ["mse_loss", "huber_loss"])
def test_gradients_match_autograd(submission, device, name, reduction):
    """input and target receive the right gradients"""
    x = torch.randn(4, 3, device=device, dtype=torch.float64, requires_grad=True)
    target = (
        x.detach() + 2 * torch.randn(4, 3, device=device, dtype=torch.float64)
    ).requires_grad_()
    oracle = {
        "input": x.detach().clone().requires_grad_(),
        "target": target.detach().clone().requires_grad_(),
    }
    options = (
        {"reduction": reduction} if name == "mse_loss" else {"reduction": reduction, "delta": 1.4}
    )
    expected = getattr(F, name)(**oracle, **options)
    tried(f"a backward pass through {name}(input, target, **{options})", input=x, target=target)
    actual = getattr(submission, name)(x, target, **options)
    cotangent = torch.randn_like(expected.detach())
    e = (x - target).detach()
    each = cotangent / (e.numel() if reduction == "mean" else 1)
    told = "a factor of the loss is detached, so its gradient is missing"
    half = {"mse_loss": e, "huber_loss": torch.where(e.abs() <= 1.4, 0.5 * e, 1.4 * e.sign())}[
        name
    ] * each
    assert_same_gradients(
        actual,
        expected,
        {"input": x, "target": target},
        expected_inputs=oracle,
        cotangent=cotangent,
        mistakes={"input": {told: half}, "target": {told: -half}},
    )


@pytest.mark.parametrize("name", ["mse_loss", "huber_loss"])
def test_gradient_at_zero_error(submission, device, name):
    """the gradient is 0 where input equals target"""
    x = torch.randn(5, device=device, requires_grad=True)
    target = x.detach().clone()
    target[2:] += 3
    tried(
        f"a backward pass through {name}(input, target) where the first two elements are equal",
        input=x,
    )
    (gradient,) = torch.autograd.grad(getattr(submission, name)(x, target, reduction="sum"), x)
    if torch.isnan(gradient).any():
        fail(
            "the gradient is NaN where the error is 0",
            mistake="the derivative of a square root at 0 is infinite; write |e| as e.abs()",
        )
    assert_close(
        gradient[:2], torch.zeros_like(gradient[:2]), what="the gradient where the error is 0"
    )
    loss = getattr(submission, name)(x, target, reduction="none")[:2]
    assert bool((loss == 0).all()), (
        f"the loss is {loss.tolist()} where the error is 0, expected 0; add no eps"
    )
