"""Hidden checks for custom-autograd-function. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import (
    all_finite,
    assert_close,
    assert_same_gradients,
    fail,
    gradients,
    noncontiguous,
    tried,
    unchanged,
)

CALL = "Swish.apply(x, beta, {})"


def swish(x, beta, scale):
    return scale * x * torch.sigmoid(beta * x)


def inputs(device, *shape, dtype=torch.float64):
    """x of this shape, and a beta that is far from 1 and 0 everywhere."""
    x = torch.randn(shape, device=device, dtype=dtype, requires_grad=True)
    channels = torch.arange(shape[-1], device=device, dtype=dtype)
    return x, (0.4 + 0.7 * channels + 0.1 * torch.rand_like(channels)).requires_grad_()


def backward_through(y, x, beta, cotangent):
    try:
        return gradients(y, [x, beta], cotangent)
    except RuntimeError as error:
        if "incorrect number of gradients" not in str(error):
            raise
        fail(
            f"backward raises: {error}",
            hint="backward returns one gradient for each input of forward, None for scale",
        )


def test_forward(submission, device):
    """forward computes scale * x * sigmoid(beta * x)"""
    assert issubclass(submission.Swish, torch.autograd.Function), (
        "Swish should be a subclass of torch.autograd.Function"
    )
    x, beta = inputs(device, 4, 3)
    tried(CALL.format(2.5), x=x, beta=beta)
    expected = swish(x, beta, 2.5)
    assert_close(
        submission.Swish.apply(x, beta, 2.5),
        expected,
        mistakes={
            "beta is not used": swish(x, torch.ones_like(beta), 2.5),
            "scale is not used": expected / 2.5,
        },
    )


def test_inputs_are_left_alone(submission, device):
    """forward and backward change no input, and not the incoming gradient"""
    x, beta = inputs(device, 4, 3)
    cotangent = torch.randn_like(x)
    tried(CALL.format(2.5) + " and a backward pass", x=x, beta=beta)
    with unchanged(x=x, beta=beta, grad_y=cotangent):
        try:
            y = submission.Swish.apply(x, beta, 2.5)
        except RuntimeError as error:
            fail(f"it raises RuntimeError: {error}", hint="is x changed in place?")
        assert y is not x, "the result should be a tensor of its own"
        submission.Swish.backward(
            y.grad_fn, cotangent
        )  # a node of the graph is the ctx of its call


def test_gradient_of_x(submission, device):
    """x receives the right gradient"""
    x, beta = inputs(device, 4, 3)
    cotangent = torch.randn_like(x)
    tried("a backward pass through " + CALL.format(2.5), x=x, beta=beta)
    s = torch.sigmoid(beta * x)
    slope = s + beta * x * s * (1 - s)
    plain = torch.sigmoid(x)
    got = backward_through(submission.Swish.apply(x, beta, 2.5), x, beta, cotangent)[0]
    assert_close(
        got,
        2.5 * cotangent * slope,
        what="the gradient of x",
        mistakes={
            "the product rule has two terms: s, and x times the derivative of s": 2.5
            * cotangent
            * beta
            * x
            * s
            * (1 - s),
            "the product rule has two terms; the derivative of s is missing": 2.5 * cotangent * s,
            "beta, the inner derivative of s(beta * x), is missing": 2.5
            * cotangent
            * (s + x * s * (1 - s)),
            "the gradient that comes in is not multiplied in": 2.5 * slope,
            "scale is left out": cotangent * slope,
            "this takes the sigmoid of x, not of beta * x": 2.5
            * cotangent
            * (plain + beta * x * plain * (1 - plain)),
        },
    )


def test_gradient_of_beta(submission, device):
    """beta receives the right gradient, summed over the batch"""
    x, beta = inputs(device, 4, 3)
    cotangent = torch.randn_like(x)
    tried("a backward pass through " + CALL.format(2.5), x=x, beta=beta)
    s = torch.sigmoid(beta * x)
    each = 2.5 * cotangent * x * x * s * (1 - s)
    y = submission.Swish.apply(x, beta, 2.5)
    got = backward_through(y, x, beta, cotangent)[1]
    if (got == 0).all():
        fail("no gradient reaches beta")
    assert_close(
        got,
        each.sum(0),
        what="the gradient of beta",
        mistakes={
            "this is the mean over the batch; a broadcast is undone by a sum": each.mean(0),
            "x is squared here: once from the product, once as the inner derivative": (
                each / x
            ).sum(0),
            "scale is left out": each.sum(0) / 2.5,
        },
    )
    # The engine sums what is too large by itself; backward should not rely on it.
    returned = submission.Swish.backward(y.grad_fn, cotangent)[1]
    assert returned.shape == beta.shape, (
        f"backward returns {tuple(returned.shape)} for beta, which is {tuple(beta.shape)}: it was broadcast, so its "
        "gradient is summed over all leading dimensions"
    )


def test_memory_layout(submission, device):
    """x and the incoming gradient may have any memory layout"""
    x = torch.randn(3, 4, 2, device=device, dtype=torch.float64).permute(2, 1, 0).requires_grad_()
    beta = inputs(device, 3)[1]
    for call, cotangent in {
        "a permuted x": torch.randn_like(x).contiguous(),
        "a permuted x and an incoming gradient like it": torch.randn_like(x),
        "an incoming gradient that is expanded, as that of sum() is": x.new_ones(()).expand_as(x),
    }.items():
        tried(f"a backward pass through {CALL.format(2.5)}, with {call}", x=x, beta=beta)
        expected = gradients(swish(x, beta, 2.5), [x, beta], cotangent)
        try:
            got = gradients(submission.Swish.apply(x, beta, 2.5), [x, beta], cotangent)
        except RuntimeError as error:
            fail(
                f"it raises RuntimeError: {error}",
                hint="view wants a layout that fits; reshape and sum take any",
            )
        assert_close(got, expected, what="the gradients")


@pytest.mark.parametrize(
    "shape",
    [(3,), (2, 4, 3), (1, 3), (2, 1, 5, 2), (4, 1)],
    ids=["vector", "3-D", "batch of 1", "4-D", "one channel"],
)
def test_leading_dimensions(submission, device, shape):
    """any number of leading dimensions works"""
    x, beta = inputs(device, *shape)
    x = noncontiguous(x.detach()).requires_grad_()
    tried("a backward pass through " + CALL.format(-0.5), x=x, beta=beta)
    y = submission.Swish.apply(x, beta, -0.5)
    assert_close(
        y, swish(x, beta, -0.5), mistakes={"the sign of scale is lost": swish(x, beta, 0.5)}
    )
    hint = "beta's gradient is summed over all leading dimensions, of which there may be none"
    try:
        gradients(y, [x, beta], torch.ones_like(x))
    except (RuntimeError, IndexError) as error:
        fail(f"x of shape {shape} raises {type(error).__name__}: {error}", hint=hint)
    assert_same_gradients(y, swish(x, beta, -0.5), {"x": x, "beta": beta}, hint=hint)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_float32_and_float64(submission, device, dtype):
    """results and gradients have the dtype of the inputs"""
    x, beta = inputs(device, 4, 3, dtype=dtype)
    scale = 1 / 3  # a number that float32 would round
    tried("a backward pass through " + CALL.format("1 / 3"), x=x, beta=beta)
    y = submission.Swish.apply(x, beta, scale)
    # 1e-5: the derivative is a sum of terms, each rounded; in float64, 1e-12 shows a step in float32
    bound = 1e-5 if dtype == torch.float32 else 1e-12
    hint = "every tensor takes its dtype from x; float32 on the way leaves 7 digits"
    assert_close(y, swish(x, beta, scale), rtol=bound, atol=bound, hint=hint)
    # The engine casts what has another dtype by itself; backward should not rely on it.
    returned = submission.Swish.backward(y.grad_fn, torch.ones_like(y))
    for name, gradient in zip(("x", "beta"), returned[:2], strict=True):
        assert gradient.dtype == dtype, (
            f"backward returns {gradient.dtype} for {name}, which is {dtype}"
        )
    assert_same_gradients(
        y, swish(x, beta, scale), {"x": x, "beta": beta}, rtol=bound, atol=bound, hint=hint
    )


@pytest.mark.parametrize("needed", ["x", "beta"])
def test_only_what_is_needed(submission, device, needed):
    """no gradient is computed for an input that needs none"""
    x, beta = inputs(device, 4, 3)
    expected = gradients(swish(x, beta, 2.0), [x, beta], torch.ones_like(x))
    (beta if needed == "x" else x).requires_grad_(False)
    tried(
        f"a backward pass through {CALL.format(2.0)}, where only {needed} requires a gradient",
        x=x,
        beta=beta,
    )
    y = submission.Swish.apply(x, beta, 2.0)
    returned = []
    y.grad_fn.register_hook(lambda grads, _: returned.extend(grads))
    y.backward(torch.ones_like(y))
    wanted = (x, beta)[needed == "beta"]
    assert_close(wanted.grad, expected[needed == "beta"], what=f"the gradient of {needed}")
    if returned[needed == "x"] is not None:
        fail(
            f"backward returns a gradient for {'beta' if needed == 'x' else 'x'}, which needs none",
            hint="ctx.needs_input_grad has a bool for each input of forward; return None where it is False",
        )


def test_change_in_place_is_noticed(submission, device):
    """changing x in place between forward and backward raises"""
    x, beta = inputs(device, 4, 3)
    for name in ("x", "beta"):
        values = {"x": x * 1, "beta": beta * 1}
        tried(f"y = {CALL.format(2.0)}; {name}.add_(1); y.sum().backward()", **values)
        y = submission.Swish.apply(values["x"], values["beta"], 2.0)
        values[name].add_(1)
        try:
            y.sum().backward()
        except RuntimeError:
            continue
        fail(
            f"{name} was changed after the forward pass, and backward ran without an error",
            mistake="what is set as an attribute of ctx, or saved as a copy, is not watched, so backward may compute with other numbers than forward did",
            hint="ctx.save_for_backward(x, beta)",
        )


def test_two_calls_under_way(submission, device):
    """a second forward pass does not disturb the backward pass of the first"""
    (x, beta), (other, other_beta) = inputs(device, 4, 3), inputs(device, 2, 5)
    expected = gradients(swish(x, beta, 2.0), [x, beta], torch.ones_like(x))
    tried(
        "first = Swish.apply(x, beta, 2.0); second = Swish.apply(u, gamma, -3.0); first.sum().backward()",
        x=x,
        u=other,
    )
    first = submission.Swish.apply(x, beta, 2.0)
    second = submission.Swish.apply(other, other_beta, -3.0)
    hint = "what belongs to one call is kept in its ctx, not on the class or in the module"
    try:
        got = gradients(first, [x, beta], torch.ones_like(x))
    except RuntimeError as error:
        fail(f"the backward pass of the first call raises: {error}", hint=hint)
    assert_close(got, expected, what="the gradients of the first call", hint=hint)
    assert second.shape == other.shape, "the second result has the wrong shape"


def test_double_backward(submission, device):
    """the gradients can be differentiated again"""
    x, beta = inputs(device, 4, 3)
    cotangent = torch.randn_like(x).requires_grad_()
    leaves = {"x": x, "beta": beta, "the incoming gradient": cotangent}

    def second_order(y):
        first = torch.autograd.grad(y, (x, beta), cotangent, create_graph=True)
        return torch.autograd.grad(
            (first[0].sin().sum() + first[1].sin().sum()), tuple(leaves.values()), allow_unused=True
        )

    tried(
        "the gradients of x and beta, with create_graph=True, differentiated again", x=x, beta=beta
    )
    try:
        got = second_order(submission.Swish.apply(x, beta, 2.5))
    except RuntimeError as error:
        fail(
            f"it raises RuntimeError: {error}",
            hint="once_differentiable, no_grad and in-place changes in backward rule a second derivative out",
        )
    want = second_order(swish(x, beta, 2.5))
    for name, g, w in zip(leaves, got, want, strict=True):
        zero = torch.zeros_like(w) if g is None else g
        assert_close(
            zero,
            w,
            what=f"the second derivative by {name}",
            hint="a tensor that was computed inside forward, by detach, .data or no_grad, or under once_differentiable, is a "
            "constant for the second derivative: save inputs, and compute from them in backward",
        )


def test_large_values(submission, device):
    """large values give finite results and gradients"""
    x = torch.tensor(
        [[-500.0, 500.0], [500.0, -80.0], [0.0, 90.0]], device=device, requires_grad=True
    )
    beta = torch.tensor([2.0, -3.0], device=device, requires_grad=True)
    zeros = torch.zeros(2, 2, device=device, requires_grad=True)
    tried("a backward pass through " + CALL.format(1.0), x=zeros.tolist(), beta=beta.tolist())
    y = submission.Swish.apply(zeros, beta, 1.0)
    if not all_finite([y, *gradients(y, [zeros, beta], torch.ones_like(zeros))]):
        fail("NaN or infinity comes out where x is 0", hint="is something divided by x, or by y?")
    tried("a backward pass through " + CALL.format(1.0), x=x.tolist(), beta=beta.tolist())
    y = submission.Swish.apply(x, beta, 1.0)
    if not all_finite([y, *gradients(y, [x, beta], torch.ones_like(x))]):
        fail(
            "NaN or infinity comes out",
            hint="exp overflows above 88 in float32; torch.sigmoid is safe on both sides",
        )
    assert_close(y, swish(x, beta, 1.0))
    assert_same_gradients(y, swish(x, beta, 1.0), {"x": x, "beta": beta})
