"""Hidden checks for batch-standardize. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import (
    assert_close,
    assert_same_gradients,
    fail,
    gradients,
    noncontiguous,
    tried,
    unchanged,
)

CALL = "batch_standardize(x)"


def standardized(x, eps=1e-5, unbiased=False):
    centred = x - x.mean(0)
    return centred / (centred.square().sum(0) / (len(x) - unbiased) + eps).sqrt()


def features(device, *shape, dtype=torch.float32):
    """Features with spreads and means of their own, none of them near 0."""
    places = torch.arange(1, 1 + torch.Size(shape[1:]).numel(), device=device, dtype=dtype).view(
        shape[1:]
    )
    return torch.randn(shape, device=device, dtype=dtype) * places + 2 * places - 3


def test_biased_by_default(submission, device):
    """mean 0 and variance 1 for each feature, dividing by N unless told otherwise"""
    x = features(device, 5, 3)
    tried(CALL, x=x)
    mean, variance = x.mean(0), x.var(0, correction=0)
    assert_close(
        submission.batch_standardize(x.clone()),
        standardized(x),
        mistakes={
            "the variance is divided by N - 1; torch.var does that unless told correction=0": standardized(
                x, unbiased=True
            ),
            "the mean is not subtracted": x / (variance + 1e-5).sqrt(),
            "mean and variance are those of the whole tensor; each feature has its own": standardized(
                x.flatten()
            ).view_as(x),
            "the statistics are taken over each row; they belong to each feature, over the batch": standardized(
                x.T
            ).T,
            "this is divided by the variance, not by its root": (x - mean) / (variance + 1e-5),
            "this is multiplied by the deviation, not divided": (x - mean)
            * (variance + 1e-5).sqrt(),
        },
        rtol=1e-5,
        atol=1e-5,
    )


def test_large_mean_survives(submission, device):
    """a mean of 10 000 spreads does not destroy the result"""
    x = torch.randn(8, 3, device=device) + 1e4
    tried("batch_standardize(x), where x = randn + 10000", x=x)
    expected = standardized(x.double()).float()
    # 0.02: a float32 mean near 1e4 is itself known to 1e-3 only
    got = submission.batch_standardize(x.clone())
    assert_close(
        got,
        expected,
        hint="E[x²] - E[x]² subtracts two numbers near 1e8, and float32 holds 7 digits; subtract the mean first",
        rtol=0.02,
        atol=0.02,
    )


@pytest.mark.parametrize("eps", [None, 0.5], ids=["default eps", "eps=0.5"])
def test_eps_is_added_under_the_root(submission, device, eps):
    """eps is added to the variance, under the root"""
    value = 1e-5 if eps is None else eps
    x = features(device, 5, 3) * value**0.5  # a spread that eps shows against
    tried(CALL if eps is None else f"batch_standardize(x, eps={eps})", x=x)
    centred, variance = x - x.mean(0), x.var(0, correction=0)
    got = (
        submission.batch_standardize(x) if eps is None else submission.batch_standardize(x, eps=eps)
    )
    mistakes = (
        {} if eps is None else {"the argument eps is ignored; 1e-5 is hard-coded": standardized(x)}
    )
    mistakes |= {
        "eps is added outside the root": centred / (variance.sqrt() + value),
        "eps is left out": centred / variance.sqrt(),
        "eps is a lower bound of the variance here; add it": centred
        / variance.clamp_min(value).sqrt(),
    }
    assert_close(got, standardized(x, value), mistakes=mistakes, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n", [4, 2])
def test_unbiased_divides_by_n_minus_1(submission, device, n):
    """unbiased=True divides by N - 1"""
    x = features(device, n, 3)
    tried("batch_standardize(x, eps=0.1, unbiased=True)", x=x)
    assert_close(
        submission.batch_standardize(x.clone(), 0.1, True),
        standardized(x, 0.1, unbiased=True),
        mistakes={"unbiased=True changes nothing": standardized(x, 0.1)},
        rtol=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("shape", [(4, 3, 2), (6,), (3, 2, 1, 5)], ids=["3-D", "1-D", "4-D"])
def test_only_the_first_dimension_is_reduced(submission, device, shape):
    """any number of feature dimensions works"""
    x = features(device, *shape)
    tried(CALL, x=x)
    mean = x.mean(tuple(range(x.ndim - 1)))
    variance = x.var(tuple(range(x.ndim - 1)), correction=0)
    mistakes = {
        "the statistics are taken over all dimensions but the last; only the first is the batch": (
            x - mean
        )
        / (variance + 1e-5).sqrt()
    }
    if x.ndim > 2:
        by_channel = standardized(x.transpose(0, 1).flatten(1).T).T.view_as(x.transpose(0, 1))
        mistakes[
            "there is one mean for each channel, as in BatchNorm; here each place has its own"
        ] = by_channel.transpose(0, 1)
    assert_close(
        submission.batch_standardize(x.clone()),
        standardized(x),
        mistakes=mistakes,
        rtol=1e-5,
        atol=1e-5,
    )
    tried("batch_standardize(x, unbiased=True)", x=x)
    assert_close(
        submission.batch_standardize(x.clone(), unbiased=True),
        standardized(x, unbiased=True),
        mistakes={"unbiased=True changes nothing for this number of dimensions": standardized(x)},
        rtol=1e-5,
        atol=1e-5,
    )


def test_batch_of_one(submission, device):
    """a single row gives zeros, or a ValueError where the variance does not exist"""
    x = features(device, 1, 3)
    tried("batch_standardize(x, unbiased=True)", x=x)
    try:
        result = submission.batch_standardize(x, unbiased=True)
    except ValueError:
        pass
    except (ArithmeticError, AssertionError, RuntimeError, TypeError, IndexError) as error:
        fail(f"one row and unbiased=True raise {type(error).__name__}, expected a ValueError")
    else:
        fail(
            f"one row and unbiased=True return {result.tolist()}, expected a ValueError",
            mistake="the sum of squares is 0 and divided by N - 1 = 0"
            if result.isnan().any()
            else "",
        )
    tried(CALL, x=x)
    try:
        got = submission.batch_standardize(x)
    except ValueError as error:
        fail(f"one row with unbiased=False should give zeros, it raises ValueError: {error}")
    assert_close(got, torch.zeros_like(x), hint="a single row is its own mean")


def test_float64_is_kept(submission, device):
    """float64, not contiguous, stays float64"""
    for shape in ((400, 3), (5, 3, 2), (1, 3)):
        order = tuple(reversed(range(len(shape))))
        x = features(device, *shape, dtype=torch.float64)
        x[0] += 100  # more than 10 deviations from the others, where there are 400
        x = noncontiguous(x) if x.ndim == 2 else x.permute(order).contiguous().permute(order)
        tried(CALL, x=x)
        expected = standardized(x)
        try:
            got = submission.batch_standardize(x)
        except RuntimeError as error:
            fail(
                f"an x that is not contiguous raises RuntimeError: {error}",
                hint="view wants a layout that fits; reshape takes any, and keepdim=True needs neither",
            )
        assert_close(got, expected)


def test_input_is_left_alone(submission, device):
    """x is not changed"""
    x = features(device, 5, 3)
    tried(CALL, x=x)
    with unchanged(x=x):
        submission.batch_standardize(x)


def test_gradient_flows_through_the_statistics(submission, device):
    """the gradient takes into account that every row moves the mean and the variance"""
    x = features(device, 5, 3, dtype=torch.float64).requires_grad_()
    cotangent = torch.randn_like(x)
    mean, variance = x.mean(0), x.var(0, correction=1)

    def under(output):
        return gradients(output, [x], cotangent)[0]

    tried("a backward pass through batch_standardize(x, eps=0.1, unbiased=True)", x=x)
    assert_same_gradients(
        submission.batch_standardize(x, eps=0.1, unbiased=True),
        standardized(x, 0.1, unbiased=True),
        {"x": x},
        cotangent=cotangent,
        mistakes={
            "x": {
                "mean and variance are treated as constants; no_grad or detach cuts them off": under(
                    (x - mean.detach()) / (variance.detach() + 0.1).sqrt()
                ),
                "the variance is cut off from the graph": under(
                    (x - mean) / (variance.detach() + 0.1).sqrt()
                ),
                "the mean is cut off from the graph": under(
                    (x - mean.detach()) / (variance + 0.1).sqrt()
                ),
            }
        },
    )


@pytest.mark.parametrize("unbiased", [False, True], ids=["biased", "unbiased"])
def test_constant_feature(submission, device, unbiased):
    """a constant feature becomes 0 and keeps a finite gradient"""
    x = features(device, 4, 3)
    x[:, 1] = 2.5
    x.requires_grad_()
    tried(f"batch_standardize(x, unbiased={unbiased}), where x[:, 1] is 2.5 everywhere", x=x)
    got = submission.batch_standardize(x, unbiased=unbiased)
    assert_close(
        got,
        standardized(x, unbiased=unbiased),
        hint="eps keeps the denominator away from 0",
        rtol=1e-5,
        atol=1e-5,
    )
    cotangent = torch.randn_like(x)
    gradient = gradients(got, [x], cotangent)[0]
    if not torch.isfinite(gradient).all():
        fail(
            "the gradient of x holds NaN or infinity",
            mistake="the root's slope at 0 is infinite: taking the root of the variance before eps is added makes NaN of it",
            hint="sqrt(var + eps), or rsqrt(var + eps)",
        )
    # the constant column's gradient is as large as 1 / sqrt(eps)
    expected = gradients(standardized(x, unbiased=unbiased), [x], cotangent)[0]
    assert_close(gradient, expected, what="the gradient of x", rtol=1e-3, atol=1e-3)
