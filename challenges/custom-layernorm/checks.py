"""Hidden checks for custom-layernorm. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import all_finite, assert_close, assert_same_gradients, fail, tried, unchanged


def affine(*shape, device, dtype=torch.float32):
    """A weight and a bias far from one and zero, so that leaving one out shows."""
    weight = torch.rand(shape, device=device, dtype=dtype) + 1.5
    bias = torch.rand(shape, device=device, dtype=dtype) - 2
    return weight, bias


def normalised(x, dims, eps=1e-5, correction=0):
    var, mean = torch.var_mean(x, dims, correction=correction, keepdim=True)
    return (x - mean) / torch.sqrt(var + eps)


def test_values_match_f_layer_norm(submission, device):
    """the output equals F.layer_norm over the last dimension"""
    x = 40 * torch.randn(4, 7, device=device) + 30  # so wide that eps plays no part here
    weight, bias = affine(7, device=device)
    expected = F.layer_norm(x, (7,), weight, bias)
    normal = normalised(x, -1)
    mean, var = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
    tried("layer_norm(x, weight, bias)", x=x, weight=weight)
    assert_close(
        submission.layer_norm(x.clone(), weight.clone(), bias.clone()),
        expected,
        mistakes={
            "the variance is divided by n - 1; use correction=0 (unbiased=False)": normalised(
                x, -1, correction=1
            )
            * weight
            + bias,
            "the statistics are taken over the batch (dim 0), as BatchNorm does; LayerNorm takes them over each row": normalised(
                x, 0
            )
            * weight
            + bias,
            "one mean and variance are taken over the whole tensor; each row has its own": normalised(
                x, (0, 1)
            )
            * weight
            + bias,
            "the bias is never added": normal * weight,
            "the weight is never applied": normal + bias,
            "neither weight nor bias is applied": normal,
            "the bias is added before the weight multiplies": (normal + bias) * weight,
            "the division is by the variance; take its root": (x - mean) / var * weight + bias,
            "the mean is not subtracted (that is RMSNorm's way)": x
            / torch.sqrt(var + 1e-5)
            * weight
            + bias,
        },
        hint="(x - mean) / sqrt(var + eps) * weight + bias",
    )


@pytest.mark.parametrize("eps", [None, 0.05], ids=["default", "0.05"])
def test_eps_is_under_the_root(submission, device, eps):
    """eps is added under the root, at its default and at another value"""
    x = 0.003 * torch.randn(4, 7, device=device)
    x[2] = 0.5  # no variance at all: only eps keeps this row finite
    weight, bias = affine(7, device=device)
    used = 1e-5 if eps is None else eps
    expected = F.layer_norm(x, (7,), weight, bias, used)
    centred = x - x.mean(-1, keepdim=True)
    var = centred.square().mean(-1, keepdim=True)
    mistakes = {
        "eps is outside the root: sqrt(var) + eps": centred / (var.sqrt() + used) * weight + bias,
        "eps is never added": centred / var.sqrt() * weight + bias,
        "eps is a floor for the variance; it should be added": centred
        / var.clamp(min=used).sqrt()
        * weight
        + bias,
    }
    for other in (1e-5, 1e-6, 1e-8, 1e-12):
        sentence = (
            f"eps is {other:g} here, whatever the caller gives"
            if eps
            else f"the default of eps is {other:g}; it should be 1e-5"
        )
        mistakes[sentence] = centred / (var + other).sqrt() * weight + bias
    tried(
        "layer_norm(x, weight, bias)" if eps is None else f"layer_norm(x, weight, bias, eps={eps})",
        x=x,
    )
    arguments = {} if eps is None else {"eps": eps}
    y = submission.layer_norm(x.clone(), weight, bias, **arguments)
    # Small values: a difference of eps must not hide behind the absolute tolerance.
    assert_close(y, expected, mistakes=mistakes, hint="torch.sqrt(var + eps)", rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "over"),
    [((2, 4, 3, 5), 2), ((2, 3, 5), 1), ((2, 3, 5), 3), ((6,), 1), ((1, 7), 1), ((3, 4, 1), 1), ((5, 2, 5), 1)],
    ids=["last two of four", "last of three", "all three", "a vector", "batch of 1", "one feature", "batch as large as the features"],
)  # fmt: skip
def test_dims_are_those_of_weight(submission, device, shape, over):
    """the statistics are taken over the dimensions that weight has"""
    x = 4 * torch.randn(shape, device=device) + 3
    weight, bias = affine(*shape[-over:], device=device)
    expected = F.layer_norm(x, weight.shape, weight, bias)
    all_but_first = normalised(x, tuple(range(1, x.ndim)) or (0,))
    tried("layer_norm(x, weight, bias)", x=x, weight=weight, bias=bias)
    assert_close(
        submission.layer_norm(x.clone(), weight, bias),
        expected,
        mistakes={
            "the statistics are taken over the last dimension only; weight has more": normalised(
                x, -1
            )
            * weight
            + bias,
            "the statistics are taken over all dimensions but the first; weight has fewer": all_but_first
            * weight
            + bias,
            "the statistics are taken over the whole tensor": normalised(x, tuple(range(x.ndim)))
            * weight
            + bias,
        },
        hint="dims = tuple(range(-weight.ndim, 0))",
    )


def test_large_mean(submission, device):
    """a mean that is large against the spread does no harm"""
    # Eight whole numbers around 20000: their mean, and the differences from it, are exact in float32.
    x = torch.randint(-9, 10, (5, 8), device=device).float()
    x[:, 0], x[:, 1] = 9.0, -9.0
    x += 20000
    weight, bias = affine(8, device=device)
    expected = F.layer_norm(x.double(), (8,), weight.double(), bias.double()).float()
    tried("layer_norm(x, weight, bias), where x is about 20000 with a spread of 10", x=x)
    y = submission.layer_norm(x.clone(), weight, bias)
    close = (
        y.shape == expected.shape
        and torch.isclose(y.double(), expected.double(), rtol=0.1, atol=0.1).all()
    )
    if not close:
        fail(
            "the values are far off where the mean is large",
            mistake="mean(x * x) - mean(x) ** 2 subtracts two large numbers that agree in all their digits; square the differences from the mean",
            hint="var = (x - mean).square().mean(...), or x.var(..., correction=0)",
        )


def test_float64_stays_float64(submission, device):
    """a float64 input is computed in float64"""
    x = 4 * torch.randn(4, 7, device=device, dtype=torch.float64) + 300
    weight, bias = affine(7, device=device, dtype=torch.float64)
    expected = F.layer_norm(x, (7,), weight, bias)
    tried("layer_norm(x, weight, bias)", x=x, weight=weight)
    assert_close(
        submission.layer_norm(x.clone(), weight, bias),
        expected,
        hint="nothing should be cast to float32",
    )


def test_bfloat16_stays_bfloat16(submission, device):
    """the result has the dtype of x in half precision too"""
    x = (4 * torch.randn(4, 7, device=device) + 3).bfloat16()
    weight, bias = affine(7, device=device, dtype=torch.bfloat16)
    expected = F.layer_norm(x.float(), (7,), weight.float(), bias.float()).bfloat16()
    tried("layer_norm(x, weight, bias)", x=x, weight=weight)
    # eight bits of precision in each step, and values up to about 8: this looks at the dtype
    assert_close(
        submission.layer_norm(x.clone(), weight, bias),
        expected,
        hint="compute in float32 if you like, and come back with .to(x.dtype)",
        rtol=0.1,
        atol=0.3,
    )


def test_noncontiguous_input(submission, device):
    """an input that is not contiguous works"""
    x = (4 * torch.randn(2, 4, 5, 3, device=device) + 3).transpose(-1, -2)
    weight, bias = affine(3, 5, device=device)
    expected = F.layer_norm(x, (3, 5), weight, bias)
    tried("layer_norm(x, weight, bias)", x=x, weight=weight)
    try:
        y = submission.layer_norm(x, weight, bias)
    except RuntimeError as error:
        fail(
            f"raises RuntimeError: {error}",
            hint="reshape copies where view cannot; or use mean(dims, keepdim=True)",
        )
    assert_close(y, expected)


def test_arguments_are_left_alone(submission, device):
    """x, weight and bias are not changed"""
    x = 4 * torch.randn(4, 7, device=device) + 3
    weight, bias = affine(7, device=device)
    tried("layer_norm(x, weight, bias)", x=x)
    with unchanged(x=x, weight=weight, bias=bias):
        submission.layer_norm(x, weight, bias)


def test_gradients_match_autograd(submission, device):
    """x, weight and bias receive the right gradients"""
    x = 4 * torch.randn(3, 4, 2, 5, device=device, dtype=torch.float64) + 3
    weight, bias = affine(2, 5, device=device, dtype=torch.float64)
    leaves = {"weight": weight, "bias": bias, "x": x}
    for leaf in leaves.values():
        leaf.requires_grad_()
    cotangent = torch.randn_like(x)
    var, mean = torch.var_mean(x, (-2, -1), correction=0, keepdim=True)

    def gradient_with(mean, var):
        y = (x - mean) / torch.sqrt(var + 1e-5) * weight + bias
        return torch.autograd.grad(y, x, cotangent, retain_graph=True)[0]

    tried("a backward pass through layer_norm(x, weight, bias)", x=x, weight=weight)
    assert_same_gradients(
        submission.layer_norm(x, weight, bias),
        F.layer_norm(x, (2, 5), weight, bias),
        leaves,
        cotangent=cotangent,
        mistakes={
            "x": {
                "mean and variance are treated as constants; x reaches the output through them too": gradient_with(
                    mean.detach(), var.detach()
                ),
                "the mean is treated as a constant; x reaches the output through it too": gradient_with(
                    mean.detach(), var
                ),
                "the variance is treated as a constant; x reaches the output through it too": gradient_with(
                    mean, var.detach()
                ),
            }
        },
        hint="no detach, no .data and no no_grad on the way",
    )
    for shape in ((2, 5), (7,)):
        x = 4 * torch.randn(shape, device=device, dtype=torch.float64) + 3
        weight, bias = affine(*shape, device=device, dtype=torch.float64)
        leaves = {"weight": weight, "bias": bias, "x": x}
        for leaf in leaves.values():
            leaf.requires_grad_()
        tried(
            "a backward pass through layer_norm(x, weight, bias), no batch dimension",
            x=x,
            weight=weight,
        )
        assert_same_gradients(
            submission.layer_norm(x, weight, bias), F.layer_norm(x, shape, weight, bias), leaves
        )


def test_gradient_without_variance(submission, device):
    """the gradient is right where a row has no variance"""
    x = 4 * torch.randn(4, 6, device=device, dtype=torch.float64) + 3
    x[2] = 3.0
    x.requires_grad_()
    weight, bias = affine(6, device=device, dtype=torch.float64)
    cotangent = torch.randn_like(x)
    tried("a backward pass through layer_norm(x, weight, bias), where all of x[2] is 3.0", x=x)
    y = submission.layer_norm(x, weight, bias)
    (gradient,) = torch.autograd.grad(y, x, cotangent, retain_graph=True)
    if not all_finite(gradient):
        fail(
            "the gradient of x is not finite where a row has no variance",
            mistake="the root of a variance of zero has an infinite slope; add eps before the root",
            hint="torch.sqrt(var + eps)",
        )
    assert_same_gradients(
        y,
        F.layer_norm(x, (6,), weight, bias),
        {"x": x},
        cotangent=cotangent,
        hint="a row without variance is treated like any other; eps is there for it",
    )
