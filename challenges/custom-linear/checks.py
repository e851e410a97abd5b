"""Hidden checks for custom-linear. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import (
    assert_close,
    assert_same_gradients,
    fail,
    shares_memory,
    tried,
    unchanged,
)


@pytest.fixture
def layer(submission, device):
    """3 in, 5 out: with equal sizes a transposed weight would pass unseen."""
    layer = submission.MyLinear(3, 5).to(device)
    for parameter in layer.parameters():  # a bias left at zero would hide one that is never added
        torch.nn.init.normal_(parameter)
    return layer


def test_parameters_are_registered(submission):
    """weight and bias are parameters of the module"""
    tried("MyLinear(3, 5).named_parameters()")
    layer = submission.MyLinear(3, 5)
    registered = dict(layer.named_parameters())
    for name in ("weight", "bias"):
        if name not in registered:
            fail(
                f"self.{name} is not in parameters(), so no optimizer would train it",
                mistake="a plain tensor is not registered; wrap it in nn.Parameter"
                if hasattr(layer, name)
                else "",
                hint=f"self.{name} = nn.Parameter(...)",
            )
    assert set(registered) == {"weight", "bias"}, (
        f"the parameters should be weight and bias, got {sorted(registered)}"
    )
    for name, parameter in registered.items():
        assert parameter.requires_grad, (
            f"{name} has requires_grad=False, so it would never be trained"
        )


def test_weight_is_out_by_in(submission):
    """weight and bias have PyTorch's layout"""
    tried("MyLinear(3, 5)")
    layer = submission.MyLinear(3, 5)
    assert layer.weight.shape == (5, 3), (
        f"weight should be (out_features, in_features) = (5, 3), got {tuple(layer.weight.shape)}"
    )
    assert layer.bias.shape == (5,), (
        f"there should be one bias for each output, of shape (5,), got {tuple(layer.bias.shape)}"
    )
    assert layer.weight.dtype == torch.float32, (
        f"the weight should start as float32, got {layer.weight.dtype}"
    )


def test_weights_start_apart(submission):
    """the weight starts at random values"""
    tried("two layers, MyLinear(3, 5) and MyLinear(3, 5)")
    first, second = submission.MyLinear(3, 5), submission.MyLinear(3, 5)
    for name, parameter in first.named_parameters():
        if not torch.isfinite(parameter).all():
            fail(
                f"self.{name} holds values that are not finite",
                mistake="torch.empty or torch.Tensor(...) gives memory that was never initialised",
                hint="fill it: torch.randn(...) * 0.01, or nn.init.uniform_ on it",
            )
    weight = first.weight.detach()
    if torch.unique(weight).numel() < weight.numel() // 2:
        fail(
            "many entries of the weight start at the same value",
            mistake="units that start alike get the same gradients and stay alike; random values break the symmetry",
        )
    assert not torch.equal(weight, second.weight.detach()), (
        "two layers start with the same weight; is torch.manual_seed called in the constructor?"
    )
    assert not any(shares_memory(p, q) for p in first.parameters() for q in second.parameters()), (
        "two layers share one parameter, so training one changes the other; make it anew in __init__"
    )


def test_forward_matches_f_linear(layer, device):
    """the output equals F.linear on the same weights"""
    x = torch.randn(4, 3, device=device)
    tried("layer(x)", x=x)
    product = x @ layer.weight.T
    expected = F.linear(x, layer.weight, layer.bias)  # before the submission can touch x
    assert_close(
        layer(x),
        expected,
        mistakes={
            "the bias is never added": product,
            "the bias is subtracted": product - layer.bias,
        },
        hint="y = x @ W.T + b",
    )


@pytest.mark.parametrize(
    "shape", [(3,), (1, 3), (2, 4, 3), (0, 3)], ids=["vector", "batch of 1", "3-D", "empty batch"]
)
def test_leading_dimensions_are_kept(layer, device, shape):
    """inputs of any rank work"""
    x = torch.randn(shape, device=device)
    oracle = F.linear(x, layer.weight, layer.bias)
    tried("layer(x)", x=x)
    try:
        y = layer(x)
    except (RuntimeError, IndexError, ValueError) as error:
        fail(
            f"an input of shape {shape} raises {type(error).__name__}: {error}",
            hint="x.t() or addmm want two dimensions; x @ self.weight.T takes any number of leading ones",
        )
    expected = (*shape[:-1], 5)
    assert y.shape == expected, (
        f"leading dimensions must survive: {shape} in, expected {expected}, got {tuple(y.shape)}"
    )
    assert_close(y, oracle)


@pytest.mark.parametrize("sizes", [(3, 1), (1, 4), (4, 4)], ids=str)
def test_other_sizes(submission, device, sizes):
    """one input, one output, and as many outputs as inputs"""
    layer = submission.MyLinear(*sizes).to(device)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    for x in (torch.randn(2, sizes[0], device=device), torch.randn(sizes[0], device=device)):
        expected = F.linear(x, layer.weight, layer.bias).detach()
        transposed = layer.weight.T if sizes[0] == sizes[1] else layer.weight
        tried(f"MyLinear{sizes}(x)", x=x)
        assert_close(
            layer(x.clone()),
            expected,
            mistakes={
                "a last dimension of size 1 is dropped; keep it": expected.squeeze(-1),
                "x @ W rather than x @ W.T": F.linear(x, transposed, layer.bias),
            },
        )


def test_input_need_not_be_contiguous(layer, device):
    """an input that is not contiguous works"""
    x = torch.randn(4, 2, 3, device=device).transpose(0, 1)
    oracle = F.linear(x, layer.weight, layer.bias)
    tried("layer(x)", x=x)
    try:
        y = layer(x)
    except RuntimeError as error:
        fail(
            f"an input that is not contiguous raises: {error}",
            hint="x.view needs contiguous memory; x.reshape copies where it must",
        )
    assert_close(y, oracle)


def test_float64_stays_float64(layer, device):
    """a float64 layer computes in float64"""
    layer = layer.double()
    for parameter in layer.parameters():  # digits that float32 cannot hold
        torch.nn.init.normal_(parameter)
    x = torch.randn(4, 3, device=device, dtype=torch.float64)
    expected = F.linear(x, layer.weight, layer.bias)
    tried("layer.double()(x)", x=x)
    try:
        y = layer(x)
    except RuntimeError as error:
        fail(
            f"a float64 layer on a float64 input raises: {error}",
            hint="nothing should be cast to one dtype",
        )
    # ten digits of float64's sixteen; a sum of 3 products in float32 has seven
    assert_close(
        y,
        expected,
        mistakes={
            "computed in float32, then cast": F.linear(
                x.float(), layer.weight.float(), layer.bias.float()
            )
        },
        rtol=1e-10,
        atol=1e-10,
    )


def test_input_is_left_alone(layer, device):
    """the caller's input is not changed"""
    x = torch.randn(4, 3, device=device)
    tried("layer(x)", x=x)
    with unchanged(x=x), torch.no_grad():
        layer(x)


def test_gradients_match_autograd(layer, device):
    """input, weight and bias receive the right gradients"""
    x = torch.randn(4, 3, device=device, requires_grad=True)
    tried("a backward pass through layer(x)", x=x)
    assert_same_gradients(
        layer(x),
        F.linear(x, layer.weight, layer.bias),
        {"weight": layer.weight, "bias": layer.bias, "x": x},
    )
