"""Hidden checks for triplet-loss. A check's docstring is the line the learner sees."""

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


def distance(x, y, eps=1e-6):
    return (x - y + eps).square().sum(1).sqrt()


def triplets(device, dtype=torch.float32):
    """Five triplets in four dimensions: rows 0 to 2 have a loss, rows 3 and 4 none, at a margin from 0.2 to 3."""
    anchor = torch.randn(5, 4, device=device, dtype=dtype)

    def step(length):
        direction = torch.randn(5, 4, device=device, dtype=dtype)
        length = torch.tensor(length, device=device, dtype=dtype)[:, None]
        return direction / direction.norm(dim=1, keepdim=True) * length

    return (
        anchor,
        anchor + step([2.0, 3.0, 1.5, 0.3, 1.0]),
        anchor + step([1.0, 0.7, 1.4, 5.0, 6.0]),
    )


def test_each_triplet(submission, device):
    """the loss of each triplet"""
    a, p, n = triplets(device)
    p[0] = a[0] + 1.5 * (n[0] - a[0])  # the negative is nearer to the positive than to the anchor
    one = [t[:1].clone() for t in (a, p, n)]
    expected = F.triplet_margin_loss(a, p, n, reduction="none")
    ap, an, pn = distance(a, p), distance(a, n), distance(p, n)
    tried(
        "triplet_margin_loss(anchor, positive, negative, reduction='none')",
        anchor=a,
        positive=p,
        negative=n,
    )
    actual = submission.triplet_margin_loss(a, p, n, reduction="none")
    hinge = torch.relu

    def cos(x, y):
        return 1 - F.cosine_similarity(x, y)

    unit = [F.normalize(t, dim=1) for t in (a, p, n)]
    over_batch = [(a - q + 1e-6).square().sum(0).sqrt() for q in (p, n)]
    by_batch = hinge(over_batch[0] - over_batch[1] + 1)
    if isinstance(actual, torch.Tensor) and actual.shape != (5,):
        told = {
            (4,): "the distance sums over the batch; it sums over D, the last dimension"
            if actual.shape == by_batch.shape
            else "",
            (): "reduction is ignored: 'none' returns one loss for each triplet",
        }.get(tuple(actual.shape), "")
        fail(
            f"the result has the shape {tuple(actual.shape)}, expected (5,), one loss for each triplet",
            mistake=told,
        )
    assert_close(
        actual,
        expected,
        mistakes={
            "max(..., 0) is missing: a satisfied triplet has a loss of 0": ap - an + 1,
            "the distances are squared; take the root": hinge(ap**2 - an**2 + 1),
            "positive and negative are exchanged": hinge(an - ap + 1),
            "the margin is subtracted; it is added": hinge(ap - an - 1),
            "the margin is left out": hinge(ap - an),
            "the margin is added outside the maximum": hinge(ap - an) + 1,
            "the distance is the sum of absolute differences; take the euclidean one": hinge(
                (a - p).abs().sum(1) - (a - n).abs().sum(1) + 1
            ),
            "the squares are averaged over D; sum them": hinge(ap / 2 - an / 2 + 1),
            "this is a cosine distance; take the euclidean one": hinge(cos(a, p) - cos(a, n) + 1),
            "the embeddings are normalised first; the loss takes them as they are": hinge(
                distance(unit[0], unit[1]) - distance(unit[0], unit[2]) + 1
            ),
            "the hinge is a softplus; it is max(..., 0)": F.softplus(ap - an + 1),
            "swap is on, although it is False by default": hinge(ap - torch.minimum(an, pn) + 1),
            "the hinge is applied to each distance": hinge(ap - 1) + hinge(1 - an),
        },
        hint="max(d(anchor, positive) - d(anchor, negative) + margin, 0), for each row",
    )
    tried("triplet_margin_loss of one triplet, reduction='none'", anchor=one[0])
    assert_close(submission.triplet_margin_loss(*one, reduction="none"), expected[:1])


@pytest.mark.parametrize(("margin", "eps"), [(0.2, 1e-6), (3.0, 1e-6), (1.0, 0.3), (2.0, 0.1)])
def test_margin_and_eps(submission, device, margin, eps):
    """margin and eps at other values"""
    a, p, n = triplets(device)
    expected = F.triplet_margin_loss(a, p, n, margin=margin, eps=eps, reduction="none")

    def loss(d, m=margin):
        return torch.relu(d(a, p) - d(a, n) + m)

    def squares(x, y):
        return (x - y).square().sum(1)

    tried(
        f"triplet_margin_loss(anchor, positive, negative, margin={margin:g}, eps={eps:g}, reduction='none')",
        anchor=a,
    )
    assert_close(
        submission.triplet_margin_loss(a, p, n, margin=margin, eps=eps, reduction="none"),
        expected,
        mistakes={
            f"margin is taken as 1, here it is {margin:g}": loss(
                lambda x, y: distance(x, y, eps), 1.0
            ),
            f"eps is ignored or taken as 1e-6, here it is {eps:g}; add it to each coordinate of the difference": loss(
                distance
            ),
            "eps is added under the root; it is added to each coordinate of the difference": loss(
                lambda x, y: (squares(x, y) + eps).sqrt()
            ),
            "eps squared is added under the root; eps is added to each coordinate of the difference": loss(
                lambda x, y: (squares(x, y) + eps**2).sqrt()
            ),
            "eps is added outside the root, or to one distance only": torch.relu(
                squares(a, p).sqrt() + eps - squares(a, n).sqrt() + margin
            ),
            "the differences are turned round: d(x, y) takes x - y + eps, with the anchor first": loss(
                lambda x, y: distance(y, x, eps)
            ),
            "one difference is turned round: d(anchor, negative) takes anchor - negative + eps": torch.relu(
                distance(a, p, eps) - distance(n, a, eps) + margin
            ),
            "one difference is turned round: d(anchor, positive) takes anchor - positive + eps": torch.relu(
                distance(p, a, eps) - distance(a, n, eps) + margin
            ),
            "eps is missing in d(anchor, negative)": torch.relu(
                distance(a, p, eps) - squares(a, n).sqrt() + margin
            ),
            "eps is added to the absolute differences; it is added to x - y": loss(
                lambda x, y: ((x - y).abs() + eps).square().sum(1).sqrt()
            ),
        },
        hint="d(x, y) = sqrt(sum((x - y + eps) ** 2))",
    )


@pytest.mark.parametrize("eps", [1e-6, 0.2])
def test_swap(submission, device, eps):
    """swap takes the smaller of the two distances to the negative"""
    a, p, n = triplets(device)
    p[0] = a[0] + 0.9 * (n[0] - a[0])  # beside the negative: d(p, n) is smaller
    p[1] = a[1] - 0.5 * (n[1] - a[1])  # on the far side: d(a, n) is smaller
    p[2] = n[2] + 0.05 * (p[2] - n[2])
    expected = F.triplet_margin_loss(a, p, n, margin=2.0, eps=eps, swap=True, reduction="none")
    ap, an, pn = distance(a, p, eps), distance(a, n, eps), distance(p, n, eps)
    tried(
        f"triplet_margin_loss(anchor, positive, negative, margin=2, eps={eps:g}, swap=True, reduction='none')",
        anchor=a,
    )
    assert_close(
        submission.triplet_margin_loss(a, p, n, margin=2.0, eps=eps, swap=True, reduction="none"),
        expected,
        mistakes={
            "swap is ignored": torch.relu(ap - an + 2),
            "swap takes the larger distance; it takes the smaller one": torch.relu(
                ap - torch.maximum(an, pn) + 2
            ),
            "d(positive, negative) is taken in every triplet; only where it is the smaller": torch.relu(
                ap - pn + 2
            ),
            "swap replaces d(anchor, positive); it replaces d(anchor, negative)": torch.relu(
                torch.minimum(ap, pn) - an + 2
            ),
            "one of the two distances is picked for the whole batch": torch.relu(
                ap - (pn if pn.mean() < an.mean() else an) + 2
            ),
            "the difference is turned round: d(positive, negative) takes positive - negative + eps": torch.relu(
                ap - torch.minimum(an, distance(n, p, eps)) + 2
            ),
        },
    )


def test_swap_of_one_triplet(submission, device):
    """swap in a batch of one triplet"""
    a, p, n = triplets(device)
    p[0] = a[0] + 0.9 * (n[0] - a[0])  # d(positive, negative) is smaller
    a, p, n = a[:1], p[:1], n[:1]
    expected = F.triplet_margin_loss(a, p, n, swap=True, reduction="none")
    tried(
        "triplet_margin_loss(anchor, positive, negative, swap=True, reduction='none') of one triplet",
        anchor=a,
    )
    assert_close(
        submission.triplet_margin_loss(a, p, n, swap=True, reduction="none"),
        expected,
        mistakes={
            "swap is ignored in a batch of one": torch.relu(distance(a, p) - distance(a, n) + 1)
        },
    )


def test_far_apart(submission, device):
    """distances in the thousands"""
    a, p, n = (1000 * t for t in triplets(device))
    expected = F.triplet_margin_loss(a, p, n, reduction="none")
    tried("triplet_margin_loss(anchor, positive, negative, reduction='none'), far apart", anchor=a)
    assert_close(
        submission.triplet_margin_loss(a, p, n, reduction="none"),
        expected,
        atol=1e-2,  # float32 holds a distance of 1000 to about 1e-4, and the loss is a difference of two
        hint="distances have no upper limit",
    )


@pytest.mark.parametrize("reduction", [None, "mean", "sum"], ids=["default", "mean", "sum"])
def test_reductions(submission, device, reduction):
    """reduction sum and mean"""
    a, p, n = triplets(device)
    losses = F.triplet_margin_loss(a, p, n, margin=1.2, reduction="none")
    inside = distance(a, p) - distance(a, n) + 1.2
    total = losses.sum()
    expected = total if reduction == "sum" else total / 5
    options = {} if reduction is None else {"reduction": reduction}
    tried(
        f"triplet_margin_loss(anchor, positive, negative, margin=1.2, **{options})",
        anchor=a,
        positive=p,
        negative=n,
    )
    wrong = {
        "the mean is over the active triplets; all N count, those with a loss of 0 too": total / 3,
        "the hinge is taken of the mean, so easy triplets pay for hard ones; take it of each triplet": torch.relu(
            inside.mean()
        ),
        "the hinge is taken of the sum; take it of each triplet": torch.relu(inside.sum()),
    }
    other = total / 5 if reduction == "sum" else total
    wrong[
        f"reduction is {'mean' if reduction == 'sum' else 'sum'} here, expected {reduction or 'mean'}"
    ] = other
    assert_close(
        submission.triplet_margin_loss(a, p, n, margin=1.2, **options), expected, mistakes=wrong
    )


def test_identical_points(submission, device):
    """identical embeddings give a finite gradient"""
    names = ("anchor", "positive", "negative")
    a, p, n = triplets(device)
    p[0] = a[0]
    n[1] = a[1]
    p[2] = n[2] = a[2]
    n[0] = a[0] + 0.1
    inputs = {name: t.requires_grad_() for name, t in zip(names, (a, p, n), strict=True)}
    tried("a backward pass where embeddings of a triplet are identical", **inputs)
    expected = F.triplet_margin_loss(a, p, n, reduction="none").detach()
    actual = submission.triplet_margin_loss(a, p, n, reduction="none")
    assert_close(
        actual,
        expected,
        hint="the norm of the difference; |x|^2 + |y|^2 - 2 x.y loses its digits where the points are close",
    )
    if not actual.requires_grad:
        return  # what the check of the gradients says
    found = torch.autograd.grad(actual.sum(), (a, p, n), allow_unused=True)
    for name, gradient in zip(names, found, strict=True):
        if gradient is not None and not all_finite(gradient):
            fail(
                f"the gradient of {name} is not finite where two embeddings are identical",
                mistake="the slope of the square root at 0 is infinite, and inf * 0 is NaN",
                hint="add eps to the difference before squaring it",
            )


def test_float64_stays_float64(submission, device):
    """float64 in, float64 out, whatever the layout"""

    def by_columns(x):  # as no view flattens it
        return x.t().contiguous().t()

    for layout, reduction in ((noncontiguous, "mean"), (by_columns, "sum"), (by_columns, "none")):
        a, p, n = (layout(t) for t in triplets(device, torch.float64))
        expected = F.triplet_margin_loss(a, p, n, swap=True, reduction=reduction)
        inputs = {"anchor": a, "positive": p, "negative": n}
        tried(
            f"triplet_margin_loss(anchor=anchor, positive=positive, negative=negative, swap=True, reduction={reduction!r})",
            **inputs,
        )
        actual = submission.triplet_margin_loss(**inputs, swap=True, reduction=reduction)
        # float32 on the way would be off by 1e-8; the forms of the formula differ by 1e-15
        assert_close(
            actual,
            expected,
            rtol=1e-10,
            atol=1e-12,
            hint="nothing should be cast to one dtype",
        )


def test_inputs_are_left_alone(submission, device):
    """anchor, positive and negative are not changed"""
    a, p, n = triplets(device)
    tried("triplet_margin_loss(anchor, positive, negative)", anchor=a, positive=p, negative=n)
    with unchanged(anchor=a, positive=p, negative=n):
        submission.triplet_margin_loss(a, p, n)
        submission.triplet_margin_loss(a, p, n, swap=True)


@pytest.mark.parametrize("swap", [False, True], ids=["plain", "swap"])
def test_gradients_match_autograd(submission, device, swap):
    """all three inputs receive the right gradients"""
    names = ("anchor", "positive", "negative")
    a, p, n = triplets(device, torch.float64)
    p[0] = a[0] + 1.5 * (n[0] - a[0])  # where swap takes d(positive, negative)
    inputs = {name: t.requires_grad_() for name, t in zip(names, (a, p, n), strict=True)}
    oracle = {name: t.detach().clone().requires_grad_() for name, t in inputs.items()}
    options = {"margin": 1.3, "swap": swap, "reduction": "none"}
    expected = F.triplet_margin_loss(**oracle, **options)
    tried(
        f"a backward pass through triplet_margin_loss(anchor, positive, negative, **{options})",
        **inputs,
    )
    assert_same_gradients(
        submission.triplet_margin_loss(*inputs.values(), **options),
        expected,
        inputs,
        expected_inputs=oracle,
    )
