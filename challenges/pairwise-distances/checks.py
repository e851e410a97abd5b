"""Hidden checks for pairwise-distances. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import (
    assert_close,
    assert_same_gradients,
    fail,
    noncontiguous,
    torch_calls,
    tried,
    unchanged,
)

# The expanded square loses about 1e-6 of it in float32: 1e-5 of a distance near 0.1.
LOOSE = {"rtol": 1e-4, "atol": 1e-4}
CALL = "pairwise_distances(x, y)"


def rows(n, d, device, dtype=torch.float32):
    return 2 * torch.randn(n, d, device=device, dtype=dtype) + 0.5


def rows_apart(n, m, d, device, dtype=torch.float32):
    """Two sets of rows, each row of one far from each of the other.

    A constant of 1e-4 under the root, which the statement allows, shows at small distances alone.
    """
    return rows(n, d, device, dtype), rows(m, d, device, dtype) + 6


def distances(x, y):
    """The oracle, from differences: exact at 0."""
    return torch.linalg.vector_norm(x[:, None] - y, dim=-1)


def test_distances_match_cdist(submission, device):
    """every distance equals torch.cdist's"""
    x, y = rows_apart(6, 4, 3, device)
    expected = distances(x, y)
    difference = x[:, None] - y
    squares = x.square().sum(1, keepdim=True) + y.square().sum(1)
    tried(CALL, x=x, y=y)
    got = submission.pairwise_distances(x, y)
    if isinstance(got, torch.Tensor) and got.shape == (4, 6):
        fail(
            "the result has the shape (4, 6), expected (6, 4)",
            mistake="each row of the result belongs to x and each column to y; here they are exchanged",
        )
    assert_close(
        got,
        expected,
        mistakes={
            "these are the squared distances; the root is missing": expected.square(),
            "this is the sum of absolute differences (Manhattan)": difference.abs().sum(-1),
            "this takes the mean over D; a distance is the root of the sum": difference.square()
            .mean(-1)
            .sqrt(),
            "the 2 in front of the product is missing": (squares - x @ y.T).clamp_min(0).sqrt(),
            "the product is added; |a - b|² = |a|² + |b|² - 2 a·b": (squares + 2 * x @ y.T).sqrt(),
        },
        **LOOSE,
    )


def test_equal_rows_are_zero_apart(submission, device):
    """equal rows are at distance 0, not NaN"""
    x = rows(60, 8, device)
    tried("pairwise_distances(x, x.clone())", x=x)
    got = submission.pairwise_distances(x, x.clone())
    if torch.isnan(got).any():
        fail(
            f"{int(torch.isnan(got).sum())} of the distances are NaN",
            mistake="rounding leaves a squared distance slightly below 0, and the root of that is NaN",
            hint="clamp the squared distance before the root",
        )
    assert (got >= 0).all(), "some distances are negative"
    off = got.diagonal().abs().max().item()
    if off > 0.01:
        fail(
            f"equal rows come out up to {off:.4f} apart, expected 0 to within 0.01",
            mistake="a constant added under the root is too large",
        )
    assert_close(got, distances(x, x), rtol=1e-4, atol=1e-2)  # 1e-2: what the statement allows at 0


@pytest.mark.parametrize(
    ("n", "m", "d"),
    [(1, 4, 3), (5, 1, 3), (4, 3, 1), (1, 1, 1), (4, 4, 3)],
    ids=["N = 1", "M = 1", "D = 1", "all 1", "N = M"],
)
def test_sizes_of_one(submission, device, n, m, d):
    """N, M and D may each be 1, and N and M equal"""
    # half a step apart at least: near 0 the statement allows rounding to show
    x = torch.randint(-4, 4, (n, d), device=device).float()
    y = torch.randint(-4, 4, (m, d), device=device) + 0.5
    tried(CALL, x=x, y=y)
    expected = distances(x, y)
    assert_close(
        submission.pairwise_distances(x, y),
        expected,
        mistakes={
            "where N = M, x[i] and y[i] are taken for one row, at distance 0": expected.clone().fill_diagonal_(
                0
            )
        }
        if n == m
        else {},
        hint="squeeze() takes away every size of 1" if 1 in (n, m) else "",
        **LOOSE,
    )


def test_float64_keeps_its_precision(submission, device):
    """float64 rows, not contiguous, give float64 distances"""
    x, y = rows_apart(4, 5, 3, device, torch.float64)
    x, y = noncontiguous(x), y.T.contiguous().T
    tried(CALL, x=x, y=y)
    expected = distances(x, y)
    assert_close(submission.pairwise_distances(x, y), expected, **LOOSE)
    wide = 1e4 * x, 1e4 * y
    tried(f"{CALL}, where all distances are near 100 000", x=wide[0], y=wide[1])
    # 1e-8: a constant of 1e-4 under the root shows at 1e-14 here, and float32 at 6e-8
    assert_close(submission.pairwise_distances(*wide), distances(*wide), rtol=1e-8, atol=0.0)
    x, y = x + 1e5, y + 1e5  # float32 knows these to 0.008 alone
    tried(f"{CALL}, where all values are near 100 000", x=x, y=y)
    expected = distances(x, y)
    assert_close(
        submission.pairwise_distances(x, y),
        expected,
        hint="is the distance computed in float32?",
        **LOOSE,
    )


def test_inputs_are_left_alone(submission, device):
    """x and y are not changed"""
    x, y = rows(4, 3, device), rows(5, 3, device)
    tried(CALL, x=x, y=y)
    with unchanged(x=x, y=y):
        submission.pairwise_distances(x, y)


def test_gradients_match_cdist(submission, device):
    """x and y receive the right gradients"""
    x, y = rows_apart(5, 4, 3, device, torch.float64)
    x.requires_grad_(), y.requires_grad_()
    tried("a backward pass through pairwise_distances(x, y)", x=x, y=y)
    assert_same_gradients(
        submission.pairwise_distances(x, y), distances(x, y), {"x": x, "y": y}, rtol=1e-4, atol=1e-5
    )


def test_zero_distance_passes_no_gradient(submission, device):
    """a pair of equal rows passes a gradient of 0, not NaN"""
    # small whole numbers: the expanded square is then exactly 0 for equal rows
    x = torch.randint(-3, 4, (5, 3), device=device).double()
    y = torch.cat([x[3:4] + 2, x[:2]]).requires_grad_()  # equal rows stand at different places
    x.requires_grad_()
    tried(
        "a backward pass through pairwise_distances(x, y), where y[1] is x[0] and y[2] is x[1]",
        x=x,
        y=y,
    )
    got = submission.pairwise_distances(x, y)
    assert got.requires_grad, "the result is cut off from the graph"
    for name, gradient in zip(
        "xy", torch.autograd.grad(got.sum(), (x, y), retain_graph=True), strict=True
    ):
        if not torch.isfinite(gradient).all():
            fail(
                f"the gradient of {name} holds NaN or infinity, though only some pairs are equal",
                mistake="the root's slope at 0 is infinite, and infinity times 0 is NaN",
                hint="make the value under the root safe first: a clamp, or a second where inside; a where around the root is too late",
            )
    equal = distances(x, y) == 0
    # 1e-4: a root of rounding errors divides by about 1e-7
    for name, gradient in zip(
        "xy", torch.autograd.grad(got[equal].sum(), (x, y), retain_graph=True), strict=True
    ):
        assert_close(
            gradient,
            torch.zeros_like(gradient),
            what=f"the gradient that equal rows send to {name}",
            hint="a constant added to the difference itself gives equal rows a direction; add it under the root",
            atol=1e-4,
        )
    want = torch.autograd.grad(distances(x, y).sum(), (x, y))
    for name, g, w in zip("xy", torch.autograd.grad(got.sum(), (x, y)), want, strict=True):
        assert_close(g, w, what=f"the gradient of {name}", rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("n", "m", "d"),
    [(23, 3, 2), (2, 31, 2), (2, 3, 29)],
    ids=["more rows in x", "more rows in y", "more features"],
)
def test_no_python_loop(submission, device, n, m, d):
    """the number of torch calls does not grow with the sizes"""
    tried(f"{CALL} with N, M, D = 2, 3, 2 and with {n}, {m}, {d}")
    small_x, small_y, x, y = (
        rows(2, 2, device),
        rows(3, 2, device),
        rows(n, d, device),
        rows(m, d, device),
    )
    small = len(torch_calls(lambda: submission.pairwise_distances(small_x, small_y)))
    large = len(torch_calls(lambda: submission.pairwise_distances(x, y)))
    if large > small:
        fail(
            f"{small} torch calls for the small inputs, {large} for the larger ones",
            mistake="a Python loop over the data is slow: each torch call costs microseconds, whatever it computes",
            hint="x[:, None] - y broadcasts to (N, M, D); or expand the square and use one x @ y.T",
        )
