"""Hidden checks for straight-through-estimator. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import (
    all_finite,
    assert_close,
    fail,
    gradients,
    noncontiguous,
    tried,
    unchanged,
)


def gradient_of(y, x, cotangent):
    """The gradient of x, where the result is known to be in a graph."""
    assert isinstance(y, torch.Tensor), f"the result should be a tensor, got a {type(y).__name__}"
    if not y.requires_grad:
        fail(
            "the result is cut off from the graph, so nothing can be trained through it",
            hint="only the difference between the two functions is detached: g(x) + (f(x) - g(x)).detach()",
        )
    return gradients(y, [x], cotangent)[0]


def quantized(x, scale, bits):
    """The oracle: q * scale, and where q was within its limits."""
    q = torch.round(x / scale)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return q.clamp(low, high) * scale, (q >= low) & (q <= high)


def test_round_forward(submission, device):
    """ste_round rounds, halves to the even neighbour"""
    x = torch.cat([torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1.7, -1.7]), 5 * torch.randn(9)])
    x = x.to(device)
    tried("ste_round(x)", x=x)
    assert_close(
        submission.ste_round(x.clone()),
        torch.round(x),
        mistakes={
            "this is x itself; the value has to be the rounded one": x,
            "this rounds towards zero": torch.trunc(x),
            "halves go down here; they go to the even neighbour, as torch.round takes them": torch.ceil(
                x - 0.5
            ),
            "this rounds down": torch.floor(x),
            "halves go up here; they go to the even neighbour, as torch.round takes them": torch.floor(
                x + 0.5
            ),
        },
    )
    x = torch.tensor([3e9, -3e9, 2.0**24 + 2], device=device)
    tried("ste_round(x) of large values", x=x.tolist())
    assert_close(
        submission.ste_round(x.clone()), x, hint="int32 ends at 2^31: stay in x's own dtype"
    )


def test_round_passes_the_gradient(submission, device):
    """ste_round passes the gradient unchanged"""
    x = (3 * torch.randn(4, 3, device=device)).requires_grad_()
    cotangent = torch.randn_like(x)
    tried("a backward pass through ste_round(x)", x=x)
    got = gradient_of(submission.ste_round(x), x, cotangent)
    if (got == 0).all():
        fail(
            "no gradient reaches x",
            mistake="torch.round's own gradient is 0 everywhere, without an error",
            hint="x + (torch.round(x) - x).detach() has the value of round and the gradient of x",
        )
    assert_close(
        got,
        cotangent,
        what="the gradient of x",
        mistakes={
            "the incoming gradient is replaced by 1; multiply, or pass it on": torch.ones_like(x),
            "the incoming gradient is rounded as well": torch.round(cotangent),
        },
        hint="the part that makes the value right is constant: detach it as a whole",
    )


def test_sign_forward(submission, device):
    """ste_sign is +1 or -1, and +1 at 0"""
    x = torch.tensor([-3.0, -1.0, -0.2, 0.0, 0.3, 1.0, 4.0, -0.0, -1e-20], device=device)
    expected = torch.tensor([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0], device=device)
    tried("ste_sign(x)", x=x.tolist())
    assert_close(
        submission.ste_sign(x.clone()),
        expected,
        mistakes={
            "sign(0) is 0 in torch; here 0 counts as +1": torch.sign(x),
            "-0.0 becomes -1; it equals 0, and counts as +1": torch.copysign(torch.ones_like(x), x),
            "0 becomes -1; here 0 counts as +1": torch.where(x > 0, 1.0, -1.0),
            "a small constant makes 0 positive, and small negative numbers too": torch.sign(x + 1e-8),
            "the values are 0 and 1; they should be -1 and +1": (x >= 0).float(),
        },
    )


def test_sign_gradient(submission, device):
    """ste_sign passes the gradient where |x| < 1"""
    near = torch.tensor([-0.999, 0.999, 0.0, -1.001, 1.001, 3.0], device=device)
    x = torch.cat([near, 1.5 * torch.randn(12, device=device)]).requires_grad_()
    cotangent = torch.randn_like(x)
    tried("a backward pass through ste_sign(x)", x=x)
    inside = x.detach().abs() < 1
    assert_close(
        gradient_of(submission.ste_sign(x), x, cotangent),
        cotangent * inside,
        what="the gradient of x",
        mistakes={
            "the gradient passes everywhere; beyond |x| = 1 it should be 0": cotangent,
            "this is tanh's gradient": cotangent * (1 - torch.tanh(x.detach()) ** 2),
            "the gradient is cut off above 1 only; below -1 it should be 0 too": cotangent
            * (x.detach() < 1),
            "the gradient is cut off below -1 only; above 1 it should be 0 too": cotangent
            * (x.detach() > -1),
            "the gradient passes outside and is 0 inside": cotangent * ~inside,
            "the incoming gradient is replaced by 1": inside.float(),
        },
        hint="clamp(-1, 1) has this gradient",
    )


@pytest.mark.parametrize(
    "bits", [None, 4, 2, 12], ids=["default bits", "4 bits", "2 bits", "12 bits"]
)
def test_quantize_forward(submission, device, bits):
    """fake_quantize rounds to multiples of scale, within the limits of the bits"""
    scale, b = 0.25, bits or 8
    # beyond both limits, and near them
    x = torch.cat([torch.randn(12) * scale * 2**b, torch.randn(12) * scale * 2 ** (b - 2)]).to(
        device
    )
    low, high = -(2 ** (b - 1)) * scale, (2 ** (b - 1) - 1) * scale
    edge = [low - 5, low - scale / 4, low, low + scale / 4, high - 0.1, high + scale / 4, high + 5]
    # far beyond the limits (1e4 / scale is negative in int16), and halves, of which 2 bits leave -1/2 and 1/2
    more = [1e5, -1e5, 1e4, *(half * scale for half in (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5))]
    x = torch.cat([x, torch.tensor(edge + more, device=device)])
    tried(f"fake_quantize(x, {scale}" + (f", bits={bits})" if bits else ")"), x=x)
    got = (
        submission.fake_quantize(x.clone(), scale=scale, bits=bits)
        if bits
        else submission.fake_quantize(x.clone(), scale)
    )
    q = torch.round(x / scale)
    mistakes = (
        {"the argument bits is ignored; 8 is hard-coded": quantized(x, scale, 8)[0]} if bits else {}
    )
    mistakes |= {
        "these are the integers; multiply by scale again": q.clamp(low / scale, high / scale),
        "the integers are not limited to their bits": q * scale,
        "the lowest integer is -2^(bits-1), not -(2^(bits-1) - 1)": (q * scale).clamp(-high, high),
        "these limits are unsigned; signed integers start at -2^(bits-1)": q.clamp(0, 2**b - 1)
        * scale,
        "halves go up here; they go to the even neighbour, as torch.round takes them": torch.floor(
            x / scale + 0.5
        ).clamp(low / scale, high / scale)
        * scale,
        "the highest integer is 2^(bits-1) - 1, not 2^(bits-1)": (q * scale).clamp(low, -low),
        "only the upper limit is kept": (q * scale).clamp(max=high),
        "only the lower limit is kept": (q * scale).clamp(min=low),
        "the values are rounded down, not to the nearest": torch.floor(x / scale).clamp(
            low / scale, high / scale
        )
        * scale,
    }
    assert_close(got, quantized(x, scale, b)[0], mistakes=mistakes)


def test_quantize_gradient(submission, device):
    """fake_quantize passes the gradient where the rounded value was within the limits"""
    scale = 0.25
    # 3 bits: -4 to 3. In between limit and limit + 1/2, x / scale is outside and its rounded value inside.
    steps = [-9.0, -4.75, -4.25, -4.0, -1.75, -0.25, 0.0, 1.25, 2.75, 3.0, 3.25, 3.75, 8.0]
    x = (torch.tensor(steps, device=device) * scale).requires_grad_()
    cotangent = torch.randn_like(x)
    tried("a backward pass through fake_quantize(x, 0.25, bits=3)", **{"x / scale": steps})
    inside = quantized(x.detach(), scale, 3)[1]
    u = x.detach() / scale
    got = gradient_of(submission.fake_quantize(x, scale, 3), x, cotangent)
    if (got == 0).all():
        fail(
            "no gradient reaches x",
            mistake="torch.round's own gradient is 0 everywhere, without an error",
        )
    assert_close(
        got,
        cotangent * inside,
        what="the gradient of x",
        mistakes={
            "the gradient passes also where the value was cut off; it should be 0 there": cotangent,
            "the gradient is multiplied by scale": cotangent * inside * scale,
            "the gradient is divided by scale": cotangent * inside / scale,
            "x / scale is compared with the limits; the rounded value decides": cotangent
            * ((u >= -4) & (u <= 3)),
            "the limits themselves are inside": cotangent
            * ((torch.round(u) > -4) & (torch.round(u) < 3)),
            "the lower limit itself is inside": cotangent
            * ((torch.round(u) > -4) & (torch.round(u) <= 3)),
            "the upper limit itself is inside": cotangent
            * ((torch.round(u) >= -4) & (torch.round(u) < 3)),
            "at the limits only half of the gradient passes: torch.maximum and torch.minimum share it out where both are equal": cotangent
            * inside
            * torch.where((torch.round(u) == -4) | (torch.round(u) == 3), 0.5, 1.0),
        },
    )


@pytest.mark.parametrize("dim", [None, 0, 1, -2], ids=["default dim", "dim=0", "dim=1", "dim=-2"])
def test_hard_softmax_forward(submission, device, dim):
    """hard_softmax is 1 at the largest logit along dim"""
    logits = torch.randn(4, 3, 5, device=device)
    along = -1 if dim is None else dim
    tried(
        "hard_softmax(logits)" if dim is None else f"hard_softmax(logits, dim={dim})", logits=logits
    )
    expected = (logits == logits.amax(along, keepdim=True)).float()
    got = (
        submission.hard_softmax(logits.clone())
        if dim is None
        else submission.hard_softmax(logits.clone(), dim=dim)
    )
    mistakes = {"this is softmax itself; the value has to be 0 or 1": logits.softmax(along)}
    if dim is not None:
        mistakes["dim is ignored; the last dimension was taken"] = (
            logits == logits.amax(-1, keepdim=True)
        ).float()
    assert_close(got, expected, mistakes=mistakes)


@pytest.mark.parametrize("dim", [-1, 0])
def test_hard_softmax_gradient(submission, device, dim):
    """hard_softmax has the gradient of softmax"""
    logits = torch.randn(4, 3, device=device, requires_grad=True)
    cotangent = torch.randn_like(logits)
    tried(f"a backward pass through hard_softmax(logits, dim={dim})", logits=logits)
    got = gradient_of(submission.hard_softmax(logits, dim), logits, cotangent)
    other = gradients(logits.softmax(-1 - dim), [logits], cotangent)[0]
    assert_close(
        got,
        gradients(logits.softmax(dim), [logits], cotangent)[0],
        what="the gradient of the logits",
        mistakes={
            "the gradient passes as through the identity; it should be that of softmax": cotangent,
            "this is the gradient of softmax along the other dimension": other,
            "this is the gradient of log_softmax": gradients(
                logits.log_softmax(dim), [logits], cotangent
            )[0],
        },
    )


def test_ties_give_one(submission, device):
    """where several logits are largest, exactly one is taken"""
    logits = torch.tensor([[2.0, 1.0, 2.0], [0.0, 0.0, 0.0]], device=device)
    tried("hard_softmax(logits)", logits=logits.tolist())
    got = submission.hard_softmax(logits.clone())
    assert_close(
        got.sum(-1),
        torch.ones(2, device=device),
        what="the sum of each row",
        hint="exactly one place is 1: argmax names one, a comparison with the maximum finds all",
    )
    assert_close(got.amax(-1), torch.ones(2, device=device), what="the largest value of each row")
    assert abs(got[0, 1].item()) < 1e-5, "a logit that is not the largest was taken"


def test_large_logits(submission, device):
    """large logits give finite values and gradients"""
    logits = torch.tensor([[500.0, 100.0, -300.0], [-200.0, -900.0, -201.0]], device=device)
    logits.requires_grad_()
    tried("a backward pass through hard_softmax(logits)", logits=logits.tolist())
    got = submission.hard_softmax(logits)
    cotangent = torch.randn_like(logits)
    found = gradient_of(got, logits, cotangent)
    if not all_finite([got, found]):
        fail(
            "NaN or infinity comes out",
            hint="exp overflows: torch.softmax subtracts the maximum first",
        )
    assert_close(got, torch.tensor([[1.0, 0, 0], [1.0, 0, 0]], device=device))
    want = gradients(logits.softmax(-1), [logits], cotangent)[0]
    assert_close(found, want, what="the gradient of the logits")


def all_four(submission):
    return {
        "ste_round(x)": submission.ste_round,
        "ste_sign(x)": submission.ste_sign,
        "fake_quantize(x, 0.5, 4)": lambda x: submission.fake_quantize(x, 0.5, 4),
        "hard_softmax(x)": submission.hard_softmax,
    }


def test_inputs_are_left_alone(submission, device):
    """the input is not changed"""
    x = 3 * torch.randn(4, 3, device=device)
    for call, function in all_four(submission).items():
        tried(call, x=x)
        with unchanged(x=x):
            function(x)


def test_float64_digits(submission, device):
    """the values of float64 have its digits"""
    # In float32 these are 0.5 and 2^24, and the scale is another.
    x = torch.tensor([0.5 + 1e-9, -0.5 - 1e-9, 2.0**24 + 1], device=device, dtype=torch.float64)
    hint = "somewhere the computation leaves float64: .float(), or a new tensor without a dtype"
    tried("ste_round(x)", x=x.tolist())
    assert_close(submission.ste_round(x.clone()), torch.round(x), hint=hint)
    x = 3 * torch.randn(4, 3, device=device, dtype=torch.float64)
    tried("fake_quantize(x, 0.3, bits=12)", x=x)
    # Other orders of the operations differ by about 1e-15, a scale in float32 by 1e-8.
    assert_close(
        submission.fake_quantize(x.clone(), 0.3, bits=12),
        quantized(x, 0.3, 12)[0],
        hint=hint,
        rtol=1e-11,
        atol=1e-11,
    )


def test_dtype_and_layout(submission, device):
    """float64, of any shape and layout, works and stays float64"""
    base = 3 * torch.randn(4, 3, 2, device=device, dtype=torch.float64)
    plain = {
        "ste_round(x)": torch.round,
        "ste_sign(x)": lambda x: torch.where(x >= 0, 1.0, -1.0).to(x.dtype),
        "fake_quantize(x, 0.5, 4)": lambda x: quantized(x, 0.5, 4)[0],
        "hard_softmax(x)": lambda x: (x == x.amax(-1, keepdim=True)).to(x.dtype),
    }
    for call, function in all_four(submission).items():
        for x in (noncontiguous(base), base.transpose(0, 2), base[0, 0]):
            tried(call, x=x)
            expected = plain[call](x)
            leaf = x.detach().requires_grad_()
            got = function(leaf)
            assert_close(got, expected)
            found = gradient_of(got, leaf, torch.ones_like(got))
            assert found.dtype == torch.float64, f"the gradient has the dtype {found.dtype}"


def test_without_gradients(submission, device):
    """an input that needs no gradient, or no_grad, works too"""
    plain = torch.randn(4, 3, device=device)
    tracked = plain.clone().requires_grad_()
    for call, function in all_four(submission).items():
        tried(f"{call}, where x requires no gradient", x=plain)
        try:
            got = function(plain)
            with torch.no_grad():
                frozen = function(tracked)
        except RuntimeError as error:
            fail(f"it raises RuntimeError: {error}", hint="evaluation runs under no_grad")
        assert not got.requires_grad and not frozen.requires_grad, (
            "the result should need no gradient here"
        )
        assert_close(frozen, got, what="the result under no_grad")
