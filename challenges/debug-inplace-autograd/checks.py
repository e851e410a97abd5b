"""Hidden checks for debug-inplace-autograd. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import (
    assert_close,
    assert_same_gradients,
    fail,
    noncontiguous,
    tried,
    unchanged,
)

NAMES = ("x", "weight", "bias", "decay")


def oracle(
    x,
    weight,
    bias,
    decay,
    mask,
    threshold=0.1,
    *,
    mean="own",
    dead="cut",
    through=True,
    masked=True,
):
    """The statement, one step at a time; each keyword puts one wrong idea in."""
    centre = x.mean(dim=1, keepdim=True)
    if mean == "masked":
        centre = (x * mask[:, :, None]).sum(dim=1, keepdim=True) / mask.sum(dim=1)[:, None, None]
    elif mean == "batch":
        centre = x.mean(dim=(0, 1), keepdim=True)
    x = x - (centre.detach() if mean == "constant" else centre)
    u = torch.tanh(x @ weight.T + bias)
    if dead == "cut":
        u = torch.where(u.abs() < threshold, torch.zeros_like(u), u)
    elif (
        dead == "straight through"
    ):  # what zeroing tanh's output by .data comes to: its slope is 1 - 0 ** 2
        raw = x @ weight.T + bias
        u = torch.where(u.abs() < threshold, raw - raw.detach(), u)
    elif dead == "at most":
        u = torch.where(u.abs() <= threshold, torch.zeros_like(u), u)
    elif dead == "signed":
        u = torch.where(u < threshold, torch.zeros_like(u), u)
    elif dead == "before tanh":
        raw = x @ weight.T + bias
        u = torch.where(raw.abs() < threshold, torch.zeros_like(u), u)
    elif dead == "shrunk":
        u = torch.nn.functional.softshrink(u, threshold)
    elif dead == "slope kept":
        u = torch.where(u.abs() < threshold, u - u.detach(), u)
    if masked:
        u = u * mask[:, :, None]
    states = [u[:, 0]]
    for t in range(1, x.shape[1]):
        before = states[-1] if through else states[-1].detach()
        states.append(decay * before + u[:, t])
        if masked == "states":
            states[-1] = states[-1] * mask[:, t, None]
    return torch.stack(states, dim=1)


def divided(given, threshold):
    """The scan as a cumulative sum of u / decay^t, times decay^t."""
    u = oracle(**{**given, "decay": torch.zeros_like(given["decay"])}, threshold=threshold)
    power = given["decay"] ** torch.arange(u.shape[1], device=u.device)[:, None]
    return (u / power).cumsum(dim=1) * power


def arguments(device, b=3, t=5, d=4, dtype=torch.float64):
    """Sizes that differ, some values inside the threshold of 0.3, a mask with holes, a decay with 0 and beyond 1."""
    mask = torch.ones(b, t, device=device, dtype=dtype)
    mask[0, -2:] = 0
    mask[-1, t // 2] = 0
    return {
        "x": torch.randn(b, t, d, device=device, dtype=dtype),
        "weight": torch.randn(d, d, device=device, dtype=dtype) / 2,
        "bias": torch.randn(d, device=device, dtype=dtype) / 4,
        "decay": torch.tensor([1.2, 0.0, -0.6, 0.7], device=device, dtype=dtype)[:d],
        "mask": mask,
    }


def leaves(given, names=NAMES):
    return {
        name: value.detach().clone().requires_grad_(name in names) for name, value in given.items()
    }


def explain(error):
    """Which write in place autograd complains about."""
    text = str(error)
    if "leaf Variable" in text or "a view of a leaf" in text:
        return (
            "a leaf that requires a gradient is written to: x -= ... works on the caller's tensor"
        )
    if "output 0 of Tanh" in text:
        return (
            "tanh's backward needs tanh's output, and something was written into it afterwards; "
            "u = u * mask makes a new tensor"
        )
    if "modified by an inplace operation" in text:
        return (
            "the scan writes into a tensor whose earlier values decay's gradient still needs; "
            "collect the states in a list and stack them"
        )
    if "does not require grad" in text:
        return "the result is cut off from the graph"
    if "second time" in text:
        return "something is kept from one call to the next"
    return ""


def call(submission, given, **options):
    try:
        return submission.masked_scan(**given, **options)
    except RuntimeError as error:
        fail(f"the forward pass raises RuntimeError: {error}", mistake=explain(error))


def compare(submission, given, names, threshold, mistakes=None):
    """Values and gradients with respect to `names`, against the oracle."""
    mine, theirs = leaves(given, names), leaves(given, names)
    expected = oracle(**theirs, threshold=threshold)
    tried(f"a backward pass to {', '.join(names)}, threshold={threshold}", x=given["x"])
    actual = call(submission, mine, threshold=threshold)
    # In float64 two orders of the same sums differ by 1e-15, a step in float32 by 1e-8.
    assert_close(actual, expected, rtol=1e-10, atol=1e-10, hint="is a step done in float32?")
    cotangent = torch.randn_like(expected)

    def gradient(name, **wrong):
        copies = leaves(given, names)
        value = oracle(**copies, threshold=threshold, **wrong)
        found = torch.autograd.grad(value, copies[name], cotangent, allow_unused=True)[0]
        return torch.zeros_like(copies[name]) if found is None else found

    known = {
        name: {
            sentence: (lambda name=name, wrong=wrong: gradient(name, **wrong))
            for sentence, wrong in (mistakes or {}).items()
        }
        for name in names
    }
    try:
        assert_same_gradients(
            actual, expected, {n: mine[n] for n in names},
            expected_inputs={n: theirs[n] for n in names}, cotangent=cotangent, mistakes=known,
        )  # fmt: skip
    except RuntimeError as error:
        fail(f"the backward pass raises RuntimeError: {error}", mistake=explain(error))


@pytest.mark.parametrize(
    ("b", "t", "options"),
    [
        (3, 5, {"threshold": 0.3}),
        (2, 4, {}),
        (1, 12, {"threshold": 0.8}),
        (4, 1, {"threshold": 0.0}),
    ],
    ids=["threshold=0.3", "the default threshold", "batch of 1", "one time step"],
)
def test_values_stay_right(submission, device, b, t, options):
    """the values are what they were before the repair"""
    given = arguments(device, b, t, dtype=torch.float32)
    given["weight"] = given["weight"] / (
        8 if not options else 1
    )  # small values, for the default threshold
    tried(f"masked_scan(x, weight, bias, decay, mask, {options})", x=given["x"])
    with torch.no_grad():
        expected = oracle(**given, **options)
        wrong = {
            "the threshold is not applied": oracle(**given, **options, dead="none"),
            "the mask is not applied": oracle(**given, **options, masked=False),
            "u is compared with the threshold, not |u|; negative values are kept too": oracle(
                **given, **options, dead="signed"
            ),
            "the threshold is compared before tanh; it is |u|, after tanh, that counts": oracle(
                **given, **options, dead="before tanh"
            ),
            "the values that are kept move by the threshold; they stay as they are": oracle(
                **given, **options, dead="shrunk"
            ),
            "the mean leaves out the masked steps; it runs over all of time": oracle(
                **given, **options, mean="masked"
            ),
            "the mean runs over the batch too; each sample has its own": oracle(
                **given, **options, mean="batch"
            ),
            "the states are masked; only u is, and the states go on through the padding": oracle(
                **given, **options, masked="states"
            ),
            "weight is not transposed": oracle(**{**given, "weight": given["weight"].T}, **options),
            "the threshold argument is not used": oracle(**given, threshold=0.1),
            "u is divided by a power of decay, which may be 0": lambda: divided(
                given, options.get("threshold", 0.1)
            ),
            "decay is kept between 0 and 1; it may be any number": oracle(
                **{**given, "decay": given["decay"].clamp(0, 1)}, **options
            ),
        }
        copies = {name: value.clone() for name, value in given.items()}
        copies["x"] = (
            copies["x"].transpose(0, 1).contiguous().transpose(0, 1)
        )  # time first in memory
        copies["weight"] = noncontiguous(copies["weight"])
        actual = call(submission, copies, **options)
    assert_close(
        actual,
        expected,
        mistakes=wrong,
        hint="only the way of writing is wrong in the stub, not what it computes",
    )


def test_arguments_are_left_alone(submission, device):
    """no argument is changed"""
    given = {name: 3 * value for name, value in arguments(device).items()}
    tried("masked_scan(x, weight, bias, decay, mask, threshold=0.3)", x=given["x"])
    with unchanged(**given), torch.no_grad():
        call(submission, given, threshold=0.3)


def test_backward_through_the_mask(submission, device):
    """x, weight and bias receive gradients through centring, tanh, mask and time"""
    given = arguments(device)
    given["x"][1] = (
        0  # with no bias this row's u is exactly at the threshold of 0, so it counts as kept
    )
    given["bias"].zero_()
    compare(
        submission, given, ("x", "weight", "bias"), 0.0,
        mistakes={
            "the mean is taken as a constant; the gradient flows through it too": {"mean": "constant"},
            "the past state is detached, so no gradient flows back in time": {"through": False},
            "the mask is not applied in the backward pass": {"masked": False},
            "a value of just the threshold is dropped; only those below are": {"dead": "at most"},
        },
    )  # fmt: skip


def test_dead_values_pass_no_gradient(submission, device):
    """no gradient flows through a value below the threshold"""
    given = arguments(device)
    compare(
        submission, given, ("x", "weight", "bias"), 0.3,
        mistakes={
            "zeros written through .data are not seen by autograd: tanh's slope is then taken at 0, as 1": {
                "dead": "straight through"
            },
            "the gradient passes a value below the threshold as if it had been kept": {"dead": "slope kept"},
        },
    )  # fmt: skip


def test_backward_to_decay(submission, device):
    """decay receives its gradient through all time steps"""
    compare(
        submission, arguments(device), ("decay", "x", "weight", "bias"), 0.3,
        mistakes={"the past state is detached, so no gradient flows back in time": {"through": False}},
    )  # fmt: skip


def test_two_calls_do_not_disturb_each_other(submission, device):
    """two results can be backpropagated together"""
    first, second = arguments(device), arguments(device)
    second["decay"] = first["decay"]
    mine, theirs = leaves(first), leaves(first)
    tried("masked_scan on two inputs with one decay, then one backward pass", x=first["x"])
    expected = oracle(**theirs) * oracle(**{**second, "decay": theirs["decay"]})
    actual = call(submission, mine) * call(submission, {**second, "decay": mine["decay"]})
    assert_close(
        actual, expected, what="the product of the two results",
        hint="the second call writes over the first one's result; make new memory in each call",
    )  # fmt: skip
    try:
        assert_same_gradients(
            actual, expected, {n: mine[n] for n in NAMES},
            expected_inputs={n: theirs[n] for n in NAMES},
        )  # fmt: skip
    except RuntimeError as error:
        fail(
            f"the backward pass raises RuntimeError: {error}",
            mistake="the second call writes into what the first one's backward pass needs; make new memory in each call",
        )
