"""Hidden checks for focal-loss. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import (
    all_finite,
    assert_close,
    assert_same_gradients,
    fail,
    noncontiguous,
    tried,
    unchanged,
)


def focal(x, y, alpha=0.25, gamma=2.0):
    """The loss of each element, by the formula in its stable form."""
    z = torch.where(y == 1, x, -x)
    weight = (alpha * y + (1 - alpha) * (1 - y)) if alpha >= 0 else torch.ones_like(z)
    return -weight * torch.sigmoid(-z) ** gamma * F.logsigmoid(z)


def logits_and_targets(device, dtype=torch.float32):
    """Both classes on both sides of zero, in sizes that differ."""
    x = 2 * torch.randn(4, 3, device=device, dtype=dtype)
    x[0] = torch.tensor([1.5, -1.5, 0.5])
    x[1] = torch.tensor([1.2, -1.2, -0.5])
    y = torch.randint(2, (4, 3), device=device).to(dtype)
    y[0], y[1] = 1, 0
    return x, y


def test_values(submission, device):
    """the loss of each element, with the default alpha and gamma"""
    x, y = logits_and_targets(device)
    expected = focal(x, y)
    p = torch.sigmoid(x)
    one = y == 1
    p_t = torch.where(one, p, 1 - p)
    alpha_t = torch.where(one, 0.25, 0.75)
    bce = -p_t.log()
    factor = (1 - p_t) ** 2
    tried("sigmoid_focal_loss(inputs, targets)", inputs=x, targets=y)
    actual = submission.sigmoid_focal_loss(x, y)
    mean_bce = bce.mean()
    mean_pt = (-mean_bce).exp()
    mixed = alpha_t * (1 - mean_pt) ** 2
    if isinstance(actual, torch.Tensor) and actual.ndim == 0:
        averaged = [mixed.mean() * mean_bce, 0.25 * (1 - mean_pt) ** 2 * mean_bce]
        told = "the default reduction is 'none': one loss for each element"
        if any(torch.allclose(actual.detach(), value) for value in averaged):
            told = "the cross-entropy is averaged before the factor is applied, so all elements share one factor"
        fail("the result is one number", mistake=told)
    assert_close(
        actual,
        expected,
        mistakes={
            "the sign is missing: the loss is minus the logarithm": -expected,
            "alpha weighs both classes; an element whose target is 0 takes 1 - alpha": 0.25
            * factor
            * bce,
            "alpha is exchanged: the target 1 takes alpha, the target 0 takes 1 - alpha": (
                1 - alpha_t
            )
            * factor
            * bce,
            "alpha is ignored": factor * bce,
            "elements whose target is 0 keep a weight of 1; they take 1 - alpha": torch.where(
                one, 0.25, 1.0
            )
            * factor
            * bce,
            "the factor takes 1 - p for both classes; it is 1 - p_t": alpha_t * (1 - p) ** 2 * bce,
            "the factor takes p for both classes; it is 1 - p_t": alpha_t * p**2 * bce,
            "the factor is p_t ** gamma, which favours the easy elements; it is (1 - p_t) ** gamma": alpha_t
            * p_t**2
            * bce,
            "the factor (1 - p_t) ** gamma is missing": alpha_t * bce,
            "the cross-entropy is averaged before the factor is applied, so all elements share one factor": mixed
            * mean_bce,
            "the factor comes from the averaged cross-entropy, so all elements share one": mixed
            * bce,
            "the sigmoid is applied twice; the inputs are logits": focal(p, y),
            "the two classes are exchanged": focal(x, 1 - y),
            "the elements whose target is 0 contribute nothing; they have a p_t of 1 - p": torch.where(
                one, expected, 0.0
            ),
            "a softmax ties the elements of a row together; each one has its sigmoid": lambda: (
                alpha_t
                * (1 - torch.where(one, x.softmax(-1), 1 - x.softmax(-1))) ** 2
                * -torch.where(one, x.softmax(-1), 1 - x.softmax(-1)).log()
            ),
            "the factor is applied to the logarithm's argument": alpha_t * -(factor * p_t).log(),
            "p_t is taken from the cross-entropy after alpha_t has weighted it; weigh it last": alpha_t
            * bce
            * (1 - (-alpha_t * bce).exp()) ** 2,
            "alpha_t is raised to gamma too": alpha_t**2 * factor * bce,
            "alpha / (1 - alpha) weighs the positives only; they take alpha, the others 1 - alpha": torch.where(
                one, 0.25 / 0.75, 1.0
            )
            * factor
            * bce,
            "the default gamma is 1 here; it is 2.0": focal(x, y, 0.25, 1.0),
            "the default alpha is 0.5 here; it is 0.25": focal(x, y, 0.5),
            "the default alpha is 0.75 here; it is 0.25": focal(x, y, 0.75),
        },
        hint="-alpha_t * (1 - p_t) ** gamma * log(p_t)",
    )
    x, y = x.new_tensor([[0.625]]), y.new_tensor([[0.0]])
    expected = focal(x, y)
    tried("sigmoid_focal_loss(inputs, targets), one element", inputs=x, targets=y)
    assert_close(submission.sigmoid_focal_loss(x, y), expected)


def test_inputs_are_left_alone(submission, device):
    """inputs and targets are not changed"""
    x, y = logits_and_targets(device)
    tried("sigmoid_focal_loss(inputs, targets)", inputs=x, targets=y)
    with unchanged(inputs=x, targets=y):
        submission.sigmoid_focal_loss(x, y)


@pytest.mark.parametrize(
    ("alpha", "gamma"),
    [
        (0.25, 3.0),
        (0.25, 0.5),
        (0.6, 2.0),
        (0.9, 1.0),
        (-1, 2.0),
        (-0.3, 1.0),
        (-1, 0.0),
        (0.25, 0.0),
        (0.0, 2.0),
        (1.0, 2.0),
    ],
)
def test_arguments(submission, device, alpha, gamma):
    """alpha and gamma at other values"""
    x, y = logits_and_targets(device)
    expected = focal(x, y, alpha, gamma)
    p_t = torch.where(y == 1, torch.sigmoid(x), torch.sigmoid(-x))
    bare = -(alpha * y + (1 - alpha) * (1 - y)) * p_t.log()
    wrong = {
        f"gamma is taken as 2, here it is {gamma:g}": focal(x, y, alpha, 2.0),
        f"alpha is taken as 0.25, here it is {alpha:g}": focal(x, y, 0.25, gamma),
        "alpha and gamma are taken as 0.25 and 2, whatever is passed": focal(x, y),
        "1 - p_t is multiplied by gamma; it is raised to it": gamma * (1 - p_t) * bare,
        "alpha is ignored": focal(x, y, -1, gamma),
    }
    no_weights = focal(x, y, -1, gamma)
    if alpha < 0:
        told = "a negative alpha is used as a weight; it means no class weights"
        clamped = "a negative alpha is clamped to 0; it means no class weights"
        halved = "a negative alpha means a weight of 1 everywhere, not 0.5"
        wrong = {
            told: bare * (1 - p_t) ** gamma,
            clamped: focal(x, y, 0.0, gamma),
            halved: 0.5 * no_weights,
            **wrong,
        }
    if alpha in (0, 1):
        told = f"alpha = {alpha:g} is taken for no class weights; only a negative alpha means that"
        wrong = {told: no_weights, **wrong}
    if gamma == 0:
        wrong = {"gamma = 0 leaves alpha out; it makes only the factor 1": no_weights, **wrong}
    if gamma != int(gamma):
        wrong["gamma is rounded to a whole number"] = focal(x, y, alpha, float(int(gamma)))
    tried(
        f"sigmoid_focal_loss(inputs, targets, alpha={alpha:g}, gamma={gamma:g})",
        inputs=x,
        targets=y,
    )
    actual = submission.sigmoid_focal_loss(x, y, alpha=alpha, gamma=gamma)
    assert_close(actual, expected, mistakes=wrong)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_reductions(submission, device, reduction):
    """reduction none, sum and mean"""
    x, y = logits_and_targets(device)
    losses = focal(x, y, 0.4, 1.5)
    results = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}
    tried(f"sigmoid_focal_loss(inputs, targets, 0.4, 1.5, {reduction!r})", inputs=x, targets=y)
    actual = submission.sigmoid_focal_loss(x, y, 0.4, 1.5, reduction)
    expected = results.pop(reduction)
    told = f"reduction is ignored: reduction={reduction!r} returns something else"
    if isinstance(actual, torch.Tensor) and actual.shape != expected.shape:
        known = any(
            v.shape == actual.shape and torch.allclose(v, actual.detach()) for v in results.values()
        )
        fail(
            f"with reduction={reduction!r} the result has the shape {tuple(actual.shape)}, expected {tuple(expected.shape)}",
            mistake=told
            if known
            else "the mean is over all elements"
            if reduction == "mean"
            else "",
        )
    wrong = {"by position alpha comes before gamma": focal(x, y, 1.5, 0.4)} | {
        f"{told} ({other})": value
        for other, value in results.items()
        if value.shape == expected.shape
    }
    if reduction == "mean":
        wrong["the sum is divided by the number of positives; it is the mean over all elements"] = (
            losses.sum() / y.sum()
        )
        wrong["the sum is divided by the batch size; it is the mean over all elements"] = (
            losses.sum() / len(x)
        )
        wrong["the sum is divided by the sum of alpha_t; it is the mean over all elements"] = (
            losses.sum() / torch.where(y == 1, 0.4, 0.6).sum()
        )
    assert_close(actual, expected, mistakes=wrong)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("scale", [40.0, 200.0, 1000.0])
def test_large_logits(submission, device, scale, gamma):
    """logits of ±1000 give a finite, right value and gradient"""
    x = torch.tensor([1.0, -1.0, 1.0, -1.0, 0.0], device=device) * scale
    y = torch.tensor([1.0, 1.0, 0.0, 0.0, 1.0], device=device)
    expected = focal(x, y, 0.25, gamma)
    x.requires_grad_()
    tried(f"sigmoid_focal_loss(inputs, targets, gamma={gamma:g})", inputs=x, targets=y)
    actual = submission.sigmoid_focal_loss(x, y, gamma=gamma)
    hint = "F.logsigmoid(x) is log(sigmoid(x)) without the underflow; log(1 - sigmoid(x)) is F.logsigmoid(-x)"
    if isinstance(actual, torch.Tensor) and not all_finite(actual):
        fail(
            f"the loss is {actual.tolist()} for the logits {x.tolist()}",
            mistake="log(sigmoid(x)) underflows to log(0); use F.logsigmoid or the cross-entropy with logits",
            hint=hint,
        )
    wrong = {}
    p = torch.sigmoid(x.detach())
    p_t = torch.where(y == 1, p, 1 - p)
    weight = torch.where(y == 1, 0.25, 0.75)
    for eps in (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12):
        told = f"an eps of {eps:g} caps the loss; use F.logsigmoid or the cross-entropy with logits, which need none"
        wrong[told] = -weight * (1 - p_t) ** gamma * (p_t + eps).log()
        clamped = p_t.clamp(eps, 1 - eps)
        wrong[told + " (nor a clamp)"] = -weight * (1 - clamped) ** gamma * clamped.log()
        clamped = torch.where(y == 1, p.clamp(eps, 1 - eps), 1 - p.clamp(eps, 1 - eps))
        wrong[told + " (nor a clamp of p)"] = -weight * (1 - clamped) ** gamma * clamped.log()
    for limit in (10, 15, 16, 20, 30, 50, 80, 88, 100):
        told = f"the logits are clamped to ±{limit}, which changes the loss"
        wrong[told] = focal(x.detach().clamp(-limit, limit), y, 0.25, gamma)
    capped = F.binary_cross_entropy(p, y, reduction="none")
    wrong[
        "the logarithm of a sigmoid that has rounded to 0 is capped (F.binary_cross_entropy stops at -100); start from the logits"
    ] = weight * (1 - p_t) ** gamma * capped
    # 1 - sigmoid(x) instead of sigmoid(-x) is off by a rounding of 1, which is 6e-8, next to losses near 0
    assert_close(actual, expected, mistakes=wrong, hint=hint)
    if actual.requires_grad:
        (gradient,) = torch.autograd.grad(actual.sum(), x)
        tried(
            f"a backward pass through sigmoid_focal_loss(inputs, targets, gamma={gamma:g})",
            inputs=x,
            targets=y,
        )
        if not all_finite(gradient):
            fail(f"the gradient is {gradient.tolist()} for the logits {x.tolist()}", hint=hint)
        oracle = x.detach().clone().requires_grad_()
        (right,) = torch.autograd.grad(focal(oracle, y, 0.25, gamma).sum(), oracle)
        # without the logit of 0, whose gradient is the next check's matter
        assert_close(
            gradient[:4], right[:4], what="the gradient of large logits", rtol=1e-4, atol=1e-5
        )


def test_float64_stays_float64(submission, device):
    """float64 logits give a float64 loss, in any number of dimensions and any layout"""
    for shape in ((7,), (2, 3, 4), (4, 3), ()):
        x = torch.randn(shape, device=device, dtype=torch.float64)
        y = torch.randint(2, shape, device=device).double()
        x = noncontiguous(x) if x.ndim else x
        if x.ndim == 2:  # laid out by columns, as no view flattens it
            x, y = (t.t().contiguous().t() for t in (x, y))
        losses = focal(x, y)
        reduced = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}
        for reduction, expected in reduced.items():
            call = f"sigmoid_focal_loss(inputs=inputs, targets=targets, reduction={reduction!r})"
            tried(call, inputs=x, targets=y)
            # float32 on the way would be off by 1e-8; the forms of the formula differ by 1e-15
            assert_close(
                submission.sigmoid_focal_loss(inputs=x, targets=y, reduction=reduction),
                expected,
                rtol=1e-10,
                atol=1e-12,
                hint="nothing should be cast to one dtype",
            )


@pytest.mark.parametrize(
    ("alpha", "gamma", "reduction"), [(0.25, 2.0, "none"), (-1, 1.5, "mean"), (0.625, 3.0, "sum")]
)
def test_gradient_matches_autograd(submission, device, alpha, gamma, reduction):
    """the logits receive the right gradient"""
    x, y = logits_and_targets(device, torch.float64)
    oracle, x = x.clone().requires_grad_(), x.requires_grad_()
    losses = focal(oracle, y, alpha, gamma)
    expected = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
    options = {"alpha": alpha, "gamma": gamma, "reduction": reduction}
    tried(
        f"a backward pass through sigmoid_focal_loss(inputs, targets, **{options})",
        inputs=x,
        targets=y,
    )
    actual = submission.sigmoid_focal_loss(x, y, **options)
    cotangent = torch.randn_like(expected.detach())
    each = cotangent / (12 if reduction == "mean" else 1)
    sign = torch.where(y == 1, -1.0, 1.0)  # of d(-log p_t)/dx
    weight = (alpha * y + (1 - alpha) * (1 - y)) if alpha >= 0 else torch.ones_like(y)
    wrong_side = torch.sigmoid(sign * x.detach())  # 1 - p_t
    weighted = weight * wrong_side**gamma * wrong_side * sign * each
    assert_same_gradients(
        actual,
        expected,
        {"inputs": x},
        expected_inputs={"inputs": oracle},
        cotangent=cotangent,
        mistakes={
            "inputs": {
                "the factor (1 - p_t) ** gamma is detached; it depends on the logits and takes part in the gradient": weighted
            }
        },
    )
