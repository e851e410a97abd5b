"""Hidden checks for softmax-stable. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import (
    all_finite,
    assert_close,
    assert_same_gradients,
    fail,
    noncontiguous,
    tried,
    unchanged,
)


def run(submission, x, dim):
    """softmax(x, dim), with the usual slip behind a shape error named."""
    tried(f"softmax(x, dim={dim})", x=x)
    try:
        return submission.softmax(x, dim=dim)
    except RuntimeError as error:
        if "must match the size" not in str(error):
            raise
        fail(
            f"softmax(x, dim={dim}) raises for x of shape {tuple(x.shape)}: {error}",
            mistake="a reduction drops its dimension and no longer lines up with x; pass keepdim=True",
        )


def shifted_along(x, other, dim):
    e = (x - x.amax(other, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)


def ideas(x, dim):
    """What known wrong ideas give."""
    e = x.exp()
    shifted = (x - x.amax(dim, keepdim=True)).exp()
    return {
        f"dim is ignored: the last dimension is always used, here dim is {dim}": lambda: (
            torch.softmax(x, -1)
        ),
        f"dim is ignored: dimension 1 is always used, here dim is {dim}": lambda: torch.softmax(
            x, min(1, x.ndim - 1)
        ),
        f"dim is ignored: the first dimension is always used, here dim is {dim}": lambda: (
            torch.softmax(x, 0)
        ),
        "the sum runs over the whole tensor; it should run along dim only": shifted / shifted.sum(),
        "the sum and the shift run over the whole tensor; they should run along dim only": e
        / e.sum(),
        "this is the logarithm of the softmax; take exp of it": lambda: torch.log_softmax(x, dim),
        "the exponentials are never divided by their sum": e,
        "the exponentials are never divided by their sum along dim": shifted,
        "the scores are divided by their sum, without exp": lambda: x / x.sum(dim, keepdim=True),
        **{
            f"the maximum along dimension {other} is subtracted; it has to be one number for each slice along dim {dim}": lambda o=other: (
                shifted_along(x, o, dim)
            )
            for other in range(x.ndim)
        },
        "the sign of the scores is turned round": lambda: torch.softmax(-x, dim),
    }


@pytest.mark.parametrize(
    ("shape", "dim"),
    [
        ((4,), 0),
        ((1, 3), 1),
        ((3, 5), 0),
        ((3, 5), -1),
        ((2, 3, 4), 1),
        ((2, 3, 4), -3),
        ((3, 3, 3, 3), 2),
    ],
    ids=[
        "vector",
        "one row",
        "columns",
        "rows",
        "middle of three",
        "counted from the end",
        "equal sizes",
    ],
)
def test_matches_torch(submission, device, shape, dim):
    """each slice along dim becomes probabilities"""
    x = torch.randn(shape, device=device)
    expected = torch.softmax(x, dim)
    wrong = ideas(x, dim)
    last = (x - x.amax(dim, keepdim=True)).exp()
    wrong[f"dim is ignored: the last dimension is always summed, here dim is {dim}"] = (
        last / last.sum(-1, keepdim=True)
    )
    assert_close(run(submission, x, dim), expected, mistakes=wrong)


def test_float64_is_exact(submission, device):
    """float64 in gives float64 out, right to the last digits"""
    x = torch.randn(3, 5, device=device, dtype=torch.float64)
    expected = torch.softmax(x, 1)
    e = (x - x.amax(1, keepdim=True)).exp()
    # A denominator off by 1e-12 is what this looks for; rounding leaves about 1e-15.
    assert_close(
        run(submission, x, 1),
        expected,
        rtol=1e-13,
        atol=0,
        mistakes={
            f"something is added to the denominator, such as {eps:g}; after the shift it is at least 1": e
            / (e.sum(1, keepdim=True) + eps)
            for eps in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
        },
        hint="nothing on the way should be float32, and nothing is added to the sum",
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_large_scores(submission, device, dtype):
    """scores of ±10000 give probabilities, slice by slice"""
    x = torch.tensor(
        [
            [1000.0, 1001.0, 999.0],
            [-1000.0, -1001.0, -1002.0],
            [-10000.0, 10000.0, -9999.0],
            [-10000.0, -9999.0, -9999.5],
            [0.0, 1.0, 2.0],
        ],
        device=device,
        dtype=dtype,
    )
    x = x + torch.rand(5, 1, device=device, dtype=dtype)
    expected = torch.softmax(x, 1)
    shifted = (x - x.max()).exp()
    actual = run(submission, x, 1)
    naive = x.exp() / x.exp().sum(1, keepdim=True)
    if isinstance(actual, torch.Tensor) and actual.shape == x.shape and not all_finite(actual):
        # the rows that a shift by the maximum of each slice would have kept
        broken = [row for row in range(5) if not all_finite(actual[row])]
        told = {
            (
                0,
                1,
                2,
                3,
            ): "exp overflows above 88 in float32 and 709 in float64; subtract the maximum of each slice first",
        }.get(tuple(broken), "")
        if not told and torch.equal(
            torch.isnan(actual), torch.isnan(shifted / shifted.sum(1, keepdim=True))
        ):
            told = "one maximum for the whole tensor is subtracted; a slice far below it underflows to 0 / 0"
        fail(
            f"the result is not finite in row {broken[0]}: {[round(v, 1) for v in x[broken[0]].tolist()]} "
            f"gives {actual[broken[0]].tolist()}",
            mistake=told,
            hint="what is subtracted from the scores should be the maximum of each slice along dim",
        )
    assert_close(
        actual,
        expected,
        mistakes={
            **{
                f"clamping changes the scores (to {bound} at most); subtract the maximum of each slice instead": torch.softmax(
                    x.clamp(-bound, bound), 1
                )
                for bound in (10, 20, 30, 50, 60, 80, 88, 100)
            },
            **{
                f"clamping changes the scores (to {bound} at most), then; subtract the maximum of each slice instead": torch.softmax(
                    x.clamp(max=bound), 1
                )
                for bound in (10, 20, 30, 50, 60, 80, 88, 100)
            },
            **{
                f"the probabilities are kept above {eps:g}; a score far below the others gets 0": expected.clamp(
                    min=eps
                )
                for eps in (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
            },
            "NaN is replaced after the fact": torch.nan_to_num(naive),
            "one maximum for the whole tensor is subtracted": torch.nan_to_num(
                shifted / shifted.sum(1, keepdim=True)
            ),
        },
        # numbers near 10000 are 1e-3 apart in float32, and so is x - logsumexp from x - maximum
        rtol=3e-3 if dtype == torch.float32 else None,
        atol=1e-6 if dtype == torch.float32 else None,
        hint="subtract the maximum of each slice along dim before exp",
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_masked_scores(submission, device, dtype):
    """a score of -inf gets probability 0, also beside very small scores"""
    x = torch.randn(4, 4, device=device, dtype=dtype)
    x[3] -= 10000
    x[0, 1] = x[1, 0] = x[1, 3] = x[3, 2] = float("-inf")
    expected = torch.softmax(x, 1)
    actual = run(submission, x, 1)
    masked = torch.isinf(x)
    comparable = isinstance(actual, torch.Tensor) and actual.shape == x.shape
    if comparable and not all_finite(actual):
        broken = int((~torch.isfinite(actual)).any(1).nonzero()[0])
        fail(
            f"the result is not finite in row {broken}: {[round(v, 1) for v in x[broken].tolist()]} gives {actual[broken].tolist()}",
            mistake="what is subtracted from the scores is -inf itself, or multiplies it by 0",
            hint="subtract the maximum of each slice along dim, which is finite; exp(-inf) is 0 already",
        )
    if comparable and not bool((actual[masked] == 0).all()):
        fail(
            f"entries of -inf should have probability 0, got {actual[masked].tolist()}",
            hint="exp(-inf) is 0 already; the scores need no cleaning",
        )
    assert_close(actual, expected, rtol=3e-3, atol=1e-6)  # see test_large_scores


def test_input_is_left_alone(submission, device):
    """the caller's x is not changed, whatever its layout"""
    for x in (
        torch.randn(3, 5, device=device),
        noncontiguous(torch.randn(2, 3, 4, device=device)),
        torch.randn(5, 3, device=device).t(),
    ):
        for dim in (0, -1):
            expected = torch.softmax(x, dim)
            tried(f"softmax(x=x, dim={dim})", x=x)
            with unchanged(x=x):
                actual = submission.softmax(x=x, dim=dim)
            assert_close(actual, expected)


@pytest.mark.parametrize(
    ("scale", "masked"),
    [(1.0, False), (300.0, False), (1.0, True)],
    ids=["small scores", "large scores", "a score of -inf"],
)
def test_gradient_matches_autograd(submission, device, scale, masked):
    """x receives the right gradient"""
    x = scale * torch.randn(4, 5, device=device, dtype=torch.float64)
    if masked:
        x[1, 2] = x[3, 2] = float("-inf")
    x.requires_grad_()
    oracle = x.detach().clone().requires_grad_()
    expected = torch.softmax(oracle, 0)
    actual = run(submission, x, 0)
    tried("a backward pass through softmax(x, dim=0)", x=x)
    cotangent = torch.randn_like(x.detach())
    weighted = expected.detach() * cotangent
    at_maximum = torch.zeros_like(weighted).scatter(
        0, x.detach().argmax(0, keepdim=True), weighted.sum(0, keepdim=True)
    )
    assert_same_gradients(
        actual,
        expected,
        {"x": x},
        expected_inputs={"x": oracle},
        cotangent=cotangent,
        mistakes={
            "x": {
                "no gradient flows through the denominator; it is detached": weighted - at_maximum,
                "no gradient flows through the denominator and the maximum; the former is needed": weighted,
                "no gradient flows through the numerator; it is detached": at_maximum
                - expected.detach() * weighted.sum(0),
                "no gradient flows through the numerator and the maximum; the former is needed": -expected.detach()
                * weighted.sum(0),
            }
        },
    )
    for shape, dim in (((4, 5), 1), ((2, 3, 4), 1), ((2, 3, 4), -1), ((5,), 0)):
        x = (scale * torch.randn(shape, device=device, dtype=torch.float64)).requires_grad_()
        oracle = x.detach().clone().requires_grad_()
        tried(f"a backward pass through softmax(x, dim={dim})", x=x)
        assert_same_gradients(
            run(submission, x, dim),
            torch.softmax(oracle, dim),
            {"x": x},
            expected_inputs={"x": oracle},
        )
