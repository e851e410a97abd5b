"""Hidden checks for cross-entropy. A check's docstring is the line the learner sees."""

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


def test_rows_of_logits(submission, device):
    """the mean loss of rows of logits"""
    logits = 2 * torch.randn(6, 4, device=device)
    target = torch.tensor([3, 0, 2, 2, 1, 0], device=device)
    expected = F.cross_entropy(logits, target)
    p = torch.softmax(logits, 1)
    picked = p.gather(1, target[:, None])
    tried("cross_entropy(logits, target)", logits=logits, target=target)
    assert_close(
        submission.cross_entropy(logits, target),
        expected,
        mistakes={
            "the sign is missing: the loss is minus the log-probability": -expected,
            "the losses are summed; reduction='mean' is the default": 6 * expected,
            "the loss is divided by N * C, all entries of the logits; divide by the number of targets": expected
            / 4,
            "the softmax runs over the batch, dimension 0; the classes are dimension 1": lambda: (
                F.nll_loss(torch.log_softmax(logits, 0), target)
            ),
            "the softmax is applied twice: the loss is computed on probabilities as if they were logits": lambda: (
                F.cross_entropy(p, target)
            ),
            "the probability itself is averaged; take its logarithm": -picked.mean(),
            "the probability itself is averaged; take minus its logarithm": picked.mean(),
            "the target's logit is averaged, without the log of the sum of exponentials": -logits.gather(
                1, target[:, None]
            ).mean(),
            "the logarithm is taken of the mean probability, rather than the mean of the logarithms": -picked.mean().log(),
            "the logarithm is to base 2 or 10": expected / torch.tensor(2.0).log(),
            "label_smoothing is not 0 by default": lambda: F.cross_entropy(
                logits, target, label_smoothing=0.1
            ),
        },
        hint="-log softmax(logits)[target], averaged over the rows",
    )
    one, first = logits[:1], target[:1]
    tried("cross_entropy(logits, target), a batch of 1", logits=one, target=first)
    assert_close(submission.cross_entropy(one, first), F.cross_entropy(one, first))


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_reductions(submission, device, reduction):
    """reduction none, sum and mean"""
    logits = torch.randn(5, 3, device=device)
    target = torch.tensor([2, 0, 1, 1, 2], device=device)
    losses = F.cross_entropy(logits, target, reduction="none")
    expected = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
    tried(f"cross_entropy(logits, target, reduction={reduction!r})", logits=logits, target=target)
    actual = submission.cross_entropy(logits, target, reduction=reduction)
    number = isinstance(actual, torch.Tensor) and actual.numel() == 1
    if reduction != "mean" and number and torch.allclose(actual, losses.mean()):
        fail(
            f"reduction={reduction!r} returns the mean",
            mistake="reduction is ignored, or one of its values is not known",
        )
    assert_close(actual, expected, mistakes={"the losses are summed": losses.sum()})
    one, first = logits[:1], target[:1]
    tried(
        f"cross_entropy(logits, target, reduction={reduction!r}), a batch of 1",
        logits=one,
        target=first,
    )
    assert_close(
        submission.cross_entropy(one, first, reduction=reduction),
        losses[:1] if reduction == "none" else losses[0],
        hint="reduction='none' keeps the shape of the target; a bare squeeze() drops a batch of 1",
    )


@pytest.mark.parametrize(
    ("ignore_index", "reduction"),
    [
        (None, "mean"),
        (None, "sum"),
        (None, "none"),
        (-1, "mean"),
        (2, "mean"),
        (0, "none"),
        (7, "mean"),
    ],
    ids=[
        "-100, mean",
        "-100, sum",
        "-100, none",
        "-1",
        "class 2",
        "class 0, none",
        "above the classes",
    ],
)
def test_ignored_positions(submission, device, ignore_index, reduction):
    """targets equal to ignore_index count nowhere"""
    logits = 2 * torch.randn(6, 4, device=device)
    ignored = -100 if ignore_index is None else ignore_index
    target = torch.tensor([3, 1, ignored, 0, 2, ignored], device=device)
    options = {} if ignore_index is None else {"ignore_index": ignore_index}
    expected = F.cross_entropy(logits, target, reduction=reduction, **options)
    keep = target != ignored
    losses = F.cross_entropy(logits, target, ignore_index=ignored, reduction="none")

    def reduced(values, count=None):
        count = keep.sum() if count is None else count
        return {"none": values, "sum": values.sum(), "mean": values.sum() / count}[reduction]

    wrong = {}
    if ignore_index is not None:
        wrong[f"ignore_index is taken as -100, whatever is passed; here it is {ignored}"] = lambda: (
            F.cross_entropy(logits, target.clamp(0, 3), reduction=reduction)
        )
    wrong |= {
        "the sum is divided by all positions; divide by those that are not ignored": reduced(
            losses, keep.numel()
        ),
        "the loss at ignored positions is NaN; it is 0": reduced(
            losses.masked_fill(~keep, float("nan"))
        ),
    }
    for stand_in in range(4):  # the class that an ignored target was turned into
        counted = F.cross_entropy(logits, target.masked_fill(~keep, stand_in), reduction="none")
        wrong[f"ignored positions still count, as if their class were {stand_in}"] = reduced(
            counted
        )
        wrong[
            f"ignored positions still count, in the mean too, as if their class were {stand_in}"
        ] = reduced(counted, keep.numel())
    tried(
        f"cross_entropy(logits, target, ignore_index={ignored}, reduction={reduction!r})",
        logits=logits,
        target=target,
    )
    try:
        actual = submission.cross_entropy(logits, target, reduction=reduction, **options)
    except (RuntimeError, IndexError) as error:
        fail(
            f"targets {sorted(set(target.flatten().tolist()))} with ignore_index={ignored} raise {type(error).__name__}: {error}",
            mistake=f"ignore_index is taken as -100, whatever is passed; here it is {ignored}"
            if ignore_index is not None
            else "an ignored target is no valid class; replace it before it is used as an index",
        )
    assert_close(actual, expected, mistakes=wrong)


@pytest.mark.parametrize("reduction", ["none", "mean"])
@pytest.mark.parametrize(
    "shape",
    [(2, 5, 3, 4), (3, 4, 2), (1, 4, 1), (3, 4, 1), (2, 4, 3, 1, 2)],
    ids=["pixels", "tokens", "one token", "sequences of one", "volumes"],
)
def test_further_dimensions(submission, device, shape, reduction):
    """(N, C, d1, ...) logits: the classes are dimension 1"""
    logits = torch.randn(shape, device=device)
    n, c, *rest = shape
    target = torch.randint(c, (n, *rest), device=device)
    expected = F.cross_entropy(logits, target, reduction=reduction)
    tried(f"cross_entropy(logits, target, reduction={reduction!r})", logits=logits, target=target)
    try:
        actual = submission.cross_entropy(logits, target, reduction=reduction)
    except (RuntimeError, IndexError, ValueError) as error:
        fail(
            f"logits of shape {shape} with a target of shape {tuple(target.shape)} raise {type(error).__name__}: {error}",
            mistake="further dimensions are not handled; gather(1, target.unsqueeze(1)) works for any number of them",
        )
    if isinstance(actual, torch.Tensor) and reduction == "none" and actual.shape != expected.shape:
        fail(
            f"the losses have the shape {tuple(actual.shape)}, expected that of target, {tuple(expected.shape)}",
            hint="keep the target's shape: squeeze(1) after gather, since a bare squeeze() drops every dimension of 1",
        )
    flat = F.cross_entropy(logits.reshape(-1, c), target.reshape(-1), reduction="none")
    swapped = F.cross_entropy(logits.flatten(2), target.flatten(1), reduction="none")

    def reduced(values):
        return values if reduction == "none" else values.mean()

    assert_close(
        actual,
        expected,
        mistakes={
            "a view to (-1, C) mixes classes and positions; move the classes last before it (movedim(1, -1))": flat.mean()
            if reduction == "mean"
            else flat.view(n, *rest),
            "the losses are summed over the further dimensions and averaged over N only": swapped.sum()
            / n,
            "the softmax runs over the last dimension; the classes are dimension 1": reduced(
                -logits.log_softmax(-1).gather(1, target[:, None]).squeeze(1)
            ),
            "transpose(1, -1) moves more than the classes, so positions meet the wrong targets; use movedim(1, -1)": lambda: (
                reduced(
                    F.cross_entropy(
                        logits.transpose(1, -1).reshape(-1, c), target.reshape(-1), reduction="none"
                    ).view(target.shape)
                )
            ),
        },
        hint="the classes are dimension 1, also when more dimensions follow",
    )


@pytest.mark.parametrize(("smoothing", "reduction"), [(0.3, "mean"), (0.15, "none"), (1.0, "sum")])
def test_label_smoothing(submission, device, smoothing, reduction):
    """label smoothing spreads s / C over all classes"""
    s, c = smoothing, 5
    logits = 2 * torch.randn(4, c, 3, device=device)
    target = torch.randint(c, (4, 3), device=device)
    expected = F.cross_entropy(logits, target, label_smoothing=s, reduction=reduction)
    logp = torch.log_softmax(logits, 1)
    nll = -logp.gather(1, target[:, None]).squeeze(1)
    total = -logp.sum(1)

    def reduced(values):
        return {"none": values, "sum": values.sum(), "mean": values.mean()}[reduction]

    tried(
        f"cross_entropy(logits, target, label_smoothing={s:g}, reduction={reduction!r})",
        logits=logits,
        target=target,
    )
    assert_close(
        submission.cross_entropy(logits, target, reduction=reduction, label_smoothing=s),
        expected,
        mistakes={
            "label_smoothing is ignored": reduced(nll),
            f"label_smoothing is fixed at 0.1, here it is {s:g}": reduced(
                0.9 * nll + 0.1 * total / c
            ),
            "s is spread over the C - 1 other classes; here each of the C classes gets s / C, the target too": reduced(
                (1 - s) * nll + s * (total - nll) / (c - 1)
            ),
            "the smoothing term is summed over the classes; s is divided by C": reduced(
                (1 - s) * nll + s * total
            ),
            "the target keeps its full weight; it should be 1 - s, plus s / C": reduced(
                nll + s * total / c
            ),
            "the target is left out of the smoothing; it gets s / C too": reduced(
                (1 - s) * nll + s * (total - nll) / c
            ),
            "the smoothing term is averaged over the positions as well, so all share one": reduced(
                (1 - s) * nll + s * total.mean() / c
            ),
            "the smoothing term is divided by N, the size of the batch; s is divided by C": reduced(
                (1 - s) * nll + s * total / len(logits)
            ),
            "the probability is smoothed; smoothing belongs to the target": reduced(
                -((1 - s) * (-nll).exp() + s / c).log()
            ),
            "1 - s and s are exchanged": reduced(s * nll + (1 - s) * total / c),
            "the smoothing term has the wrong sign": reduced((1 - s) * nll - s * total / c),
        },
        hint="q = (1 - s) * one_hot + s / C",
    )


@pytest.mark.parametrize("ignored", [-100, 1], ids=["-100", "class 1"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_smoothing_skips_ignored(submission, device, reduction, ignored):
    """ignored positions are not smoothed either"""
    s, c = 0.4, 3
    logits = torch.randn(6, c, device=device)
    target = torch.tensor([0, ignored, 0, 2, ignored, 2], device=device)
    options = {"ignore_index": ignored, "label_smoothing": s, "reduction": reduction}
    expected = F.cross_entropy(logits, target, **options)
    logp = torch.log_softmax(logits, 1)
    keep = target != ignored
    nll = -logp.gather(1, target.clamp(min=0)[:, None]).squeeze(1) * keep
    smooth = -logp.mean(1)

    def reduced(a, b):
        return a + b if reduction == "none" else (a.sum() + b.sum()) / keep.sum()

    wrong = {
        "the smoothing term still counts at ignored positions": reduced((1 - s) * nll, s * smooth),
    }
    if ignored >= 0:
        others = -(logp.sum(1) - logp[:, ignored]) * keep
        told = (
            "the ignored class is left out of the smoothing; every one of the C classes gets s / C"
        )
        wrong[told] = reduced((1 - s) * nll, s * others / (c - 1))
        wrong[f"{told}, and s is divided by all C"] = reduced((1 - s) * nll, s * others / c)
    if reduction == "mean":
        kept = (smooth * keep).sum()
        wrong["the smoothing term is averaged over all positions, ignored ones too"] = (
            1 - s
        ) * nll.sum() / keep.sum() + s * smooth.mean()
        wrong["the smoothing term is divided by all positions"] = (
            1 - s
        ) * nll.sum() / keep.sum() + s * kept / 6
    tried(
        f"cross_entropy(logits, target, ignore_index={ignored}, label_smoothing={s:g}, reduction={reduction!r})",
        logits=logits,
        target=target,
    )
    assert_close(submission.cross_entropy(logits, target, **options), expected, mistakes=wrong)


def test_inputs_are_left_alone(submission, device):
    """neither logits nor target is changed, whatever their layout"""

    def batch_last(x):  # in memory, so that no view flattens it
        return x.movedim(0, -1).contiguous().movedim(-1, 0)

    for layout in (torch.clone, noncontiguous, batch_last):
        logits = layout(torch.randn(4, 3, 2, device=device))
        target = layout(torch.tensor([[0, 2], [-100, 1], [1, 1], [2, -100]], device=device))
        expected = F.cross_entropy(logits, target, label_smoothing=0.1)
        tried(
            "cross_entropy(logits=logits, target=target, label_smoothing=0.1)",
            logits=logits,
            target=target,
        )
        with unchanged(logits=logits, target=target):
            actual = submission.cross_entropy(logits=logits, target=target, label_smoothing=0.1)
        losses = F.cross_entropy(logits, target, label_smoothing=0.1, reduction="none")
        per_sample = (losses.sum(1) / (target != -100).sum(1)).mean()
        assert_close(
            actual,
            expected,
            mistakes={
                "each sample's mean is averaged; divide the sum of all losses by the number of all positions that count": per_sample
            },
        )


@pytest.mark.parametrize("scale", [200.0, 10000.0])
def test_large_logits(submission, device, scale):
    """large logits give a finite loss and gradient"""
    logits = torch.tensor(
        [[1.0, -1.0, 0.5], [1.0, -1.0, 0.5], [-1.0, -0.9, -1.0], [0.1, 0.2, 0.0]], device=device
    )
    logits = (scale * logits + torch.rand(4, 3, device=device)).requires_grad_()
    target = torch.tensor([0, 1, 2, 1], device=device)
    expected = F.cross_entropy(logits.detach(), target, reduction="none")
    tried("cross_entropy(logits, target, reduction='none')", logits=logits, target=target)
    actual = submission.cross_entropy(logits, target, reduction="none")
    p = torch.softmax(logits.detach(), 1).gather(1, target[:, None]).squeeze(1)
    hint = "logsumexp(logits) - logits[target] needs neither a probability nor an eps"
    wrong = {
        "exp overflows; subtract the maximum first, or use logsumexp": logits.detach()
        .exp()
        .sum(1)
        .log()
        - logits.detach().gather(1, target[:, None]).squeeze(1),
        "the logarithm of a softmax underflows to log(0); stay in log-probabilities (log_softmax, logsumexp)": -p.log(),
    }
    for eps in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15):
        told = f"an eps inside the logarithm ({eps:g}) caps the loss; stay in log-probabilities"
        wrong[told] = -(p + eps).log()
        wrong[told + ", without a clamp"] = -p.clamp(min=eps).log()
    for bound in (20, 50, 80, 88, 100, 1000):
        told = f"the logits are clamped to ±{bound}, which changes the loss"
        wrong[told] = F.cross_entropy(
            logits.detach().clamp(-bound, bound), target, reduction="none"
        )
        wrong[f"the log-probabilities are clamped at -{bound}, which changes the loss"] = (
            expected.clamp(max=bound)
        )
    if isinstance(actual, torch.Tensor) and bool(torch.isnan(actual).any()):
        fail(
            f"the loss is NaN for logits around {scale:g}",
            mistake="exp overflows to inf, or the logarithm of a softmax underflows to -inf; stay in log-probabilities (log_softmax, logsumexp)",
            hint=hint,
        )
    assert_close(actual, expected, mistakes=wrong, hint=hint)
    tried("cross_entropy(logits, target)", logits=logits, target=target)
    told = "positions whose loss is 0 are left out of the mean; only those with ignore_index are"
    assert_close(
        submission.cross_entropy(logits, target),
        expected.mean(),
        mistakes={told: expected.sum() / (expected != 0).sum()},
    )
    if actual.requires_grad:
        tried("a backward pass through cross_entropy of large logits", logits=logits)
        (gradient,) = torch.autograd.grad(actual.sum(), logits)
        assert all_finite(gradient), "the gradient of large logits is not finite"


def test_float64_stays_float64(submission, device):
    """float64 logits give a float64 loss, to the last digits"""
    logits = torch.randn(5, 4, device=device, dtype=torch.float64)
    target = torch.tensor([0, 2, -100, 1, 3], device=device)
    # 1 / 4, and 1 / 16 for each class: a one-hot matrix in float32 holds them exactly
    for smoothing, reduction in ((0.0, "mean"), (0.25, "none"), (0.25, "sum")):
        options = {"reduction": reduction, "label_smoothing": smoothing}
        expected = F.cross_entropy(logits, target, **options)
        wrong = {
            "the loss is computed in float32 and cast back": F.cross_entropy(
                logits.float(), target, **options
            ).double()
        }
        if reduction == "mean":
            for eps in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10):
                told = f"something is added to the number of positions, such as {eps:g}"
                wrong[told] = 4 * expected / (4 + eps)
                wrong[f"{told}, in float32"] = 4 * expected / (torch.tensor(4) + eps)
        call = f"cross_entropy(logits, target, -100, {reduction!r}, {smoothing})"
        tried(call, logits=logits, target=target)
        try:
            actual = submission.cross_entropy(logits, target, -100, reduction, smoothing)
        except (TypeError, ValueError, KeyError, RuntimeError) as error:
            fail(
                f"{call} raises {type(error).__name__}: {error}",
                hint="the arguments are logits, target, ignore_index, reduction, label_smoothing, in this order",
            )
        # A count off by 1e-10, or float32 on the way, is what this looks for; rounding leaves 1e-15.
        assert_close(
            actual,
            expected,
            rtol=1e-12,
            atol=1e-13,
            mistakes=wrong,
            hint="nothing should be cast to one dtype, and nothing is added to the number of positions",
        )


@pytest.mark.parametrize("smoothing", [0.0, 0.25], ids=["plain", "smoothed"])
@pytest.mark.parametrize(
    ("reduction", "scale"),
    [("none", 1.0), ("mean", 1.0), ("mean", 10000.0)],
    ids=["none", "mean", "large logits"],
)
def test_gradient_matches_autograd(submission, device, smoothing, reduction, scale):
    """the logits receive the right gradient, ignored positions none"""
    logits = scale * torch.randn(3, 4, 2, device=device, dtype=torch.float64)
    logits.requires_grad_()
    oracle = logits.detach().clone().requires_grad_()
    target = torch.tensor([[3, 1], [-100, 0], [2, -100]], device=device)
    options = {"reduction": reduction, "label_smoothing": smoothing}
    expected = F.cross_entropy(oracle, target, **options)
    tried(
        f"a backward pass through cross_entropy(logits, target, **{options})",
        logits=logits,
        target=target,
    )
    actual = submission.cross_entropy(logits, target, **options)
    cotangent = torch.randn_like(expected.detach())
    q = F.one_hot(target.clamp(min=0), 4).movedim(-1, 1).double()
    keep = (target != -100)[:, None]
    each = cotangent[:, None] if reduction == "none" else cotangent / keep.sum()
    picked = -((1 - smoothing) * q + smoothing / 4) * keep * each
    p = torch.softmax(oracle.detach(), 1)
    told = {
        "no gradient flows through the normaliser, log(sum(exp)); it is detached": picked,
        "ignored positions receive a gradient": (p - (1 - smoothing) * q - smoothing / 4) * each,
    }
    if smoothing:
        told["no gradient flows through the smoothing term; it is detached"] = (
            (1 - smoothing) * (p - q) * keep * each
        )
    assert_same_gradients(
        actual,
        expected,
        {"logits": logits},
        expected_inputs={"logits": oracle},
        cotangent=cotangent,
        mistakes={"logits": told},
    )
