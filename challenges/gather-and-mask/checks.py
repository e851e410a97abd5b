"""Hidden checks for gather-and-mask. A check's docstring is the line the learner sees."""

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

INF = float("inf")


def picked(logits, target):
    return (
        logits * (target.unsqueeze(-1) == torch.arange(logits.shape[-1], device=logits.device))
    ).sum(-1)


def column_major(x):
    """The same values with the first dimension the innermost in memory."""
    order = tuple(reversed(range(x.dim())))
    return x.permute(order).contiguous().permute(order)


def mean(x, mask):
    """The oracle, row by row."""
    return torch.stack(
        [row[m].mean(0) if m.any() else row.sum(0) * 0 for row, m in zip(x, mask, strict=True)]
    )


def largest(logits, k):
    """The oracle where nothing ties."""
    rank = (logits.unsqueeze(-1) < logits.unsqueeze(-2)).sum(-1)
    return torch.where(rank < k, logits, -INF)


def some_mask(device):
    return torch.tensor(
        [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 1, 0]], dtype=torch.bool, device=device
    )


def test_picks_one_logit_per_row(submission, device):
    """pick_targets takes each row's target logit"""
    logits = torch.randn(4, 6, device=device)
    target = torch.tensor([5, 0, 3, 3], device=device)
    tried("pick_targets(logits, target)", logits=logits, target=target.tolist())
    expected = picked(logits, target)
    assert_close(
        submission.pick_targets(logits, target),
        expected,
        mistakes={
            "logits[:, target] takes every target from every row; use gather, or a row index beside it": logits[
                :, target
            ],
            "this is the largest logit of each row, not the target's": logits.amax(-1),
            "one dimension of size 1 is left; squeeze it away": expected.unsqueeze(-1),
            "these are log_softmax values; the logits themselves are wanted": picked(
                logits.log_softmax(-1), target
            ),
        },
    )


@pytest.mark.parametrize(
    "shape", [(2, 3, 5), (1, 4), (3, 1, 2, 7)], ids=["3-D", "batch of 1", "4-D"]
)
def test_picks_under_leading_dimensions(submission, device, shape):
    """pick_targets takes any number of leading dimensions"""
    logits = noncontiguous(torch.randn(shape, device=device))
    target = torch.randint(shape[-1], shape[:-1], device=device)
    layouts = {
        "strided": (logits, target),
        "column-major": (column_major(logits), column_major(target)),
    }
    hint = "gather along dim=-1 works under any number of leading dimensions"
    for layout, (logits, target) in layouts.items():
        tried(f"pick_targets(logits, target), {layout} in memory", logits=logits, target=target)
        try:
            got = submission.pick_targets(logits, target)
        except (RuntimeError, IndexError, ValueError) as error:
            fail(
                f"logits of shape {shape}, {layout} in memory, raise {type(error).__name__}: {error}",
                hint=hint,
            )
        assert_close(got, picked(logits, target), hint=hint)


def test_mean_of_what_counts(submission, device):
    """masked_mean averages the entries that count"""
    x, mask = torch.randn(3, 5, 4, device=device) + 1, some_mask(device)
    kept = x * mask.unsqueeze(-1)
    tried("masked_mean(x, mask)", x=x, mask=mask)
    assert_close(
        submission.masked_mean(x, mask),
        mean(x, mask),
        mistakes={
            "the sum is divided by T; divide by how many entries of the row count": kept.mean(1),
            "the mask is turned round; True is what counts": mean(x, ~mask),
            "there is one count for the whole batch; each row has its own": kept.sum(1)
            / mask.sum(),
            "this is the sum, not the mean": kept.sum(1),
        },
    )


@pytest.mark.parametrize(
    "shape", [(1, 3, 2), (2, 1, 3), (2, 3, 1)], ids=["B = 1", "T = 1", "D = 1"]
)
def test_mean_of_sizes_of_one(submission, device, shape):
    """B, T and D may each be 1"""
    x = noncontiguous(torch.randn(shape, device=device))
    mask = torch.ones(shape[:2], dtype=torch.bool, device=device)
    tried("masked_mean(x, mask)", x=x, mask=mask)
    expected = mean(x, mask)
    assert_close(
        submission.masked_mean(x, mask), expected, hint="squeeze() takes away every size of 1"
    )


@pytest.mark.parametrize("k", [1, 3])
def test_keeps_the_largest(submission, device, k):
    """keep_top_k keeps each row's k largest and makes the rest -inf"""
    logits = torch.randn(4, 6, device=device)
    logits[1] += 20  # so that the largest of the whole tensor all stand in one row
    tried(f"keep_top_k(logits, {k})", logits=logits)
    expected = largest(logits, k)
    wide = largest(logits.flatten(), k)
    got = submission.keep_top_k(logits, k)
    if isinstance(got, torch.Tensor) and got.shape == expected.shape:
        rest = got[expected == -INF]
        if (rest < -1e3).all() and not (rest == -INF).all():
            fail(
                f"the rest is {rest.max().item():.6g}, not -inf",
                hint="softmax makes exactly 0 of -inf",
            )
    assert_close(
        got,
        expected,
        mistakes={
            "the rest is 0; softmax gives them weight, only -inf is ruled out": torch.where(
                expected == -INF, 0, logits
            ),
            "the smallest of each row are kept": torch.where(
                largest(-logits, k) == -INF, -INF, logits
            ),
            "the k largest of the whole tensor are kept; each row keeps k of its own": wide.view_as(
                logits
            ),
        },
    )


def test_mean_of_nothing_is_zero(submission, device):
    """a row in which nothing counts has the mean 0"""
    x, mask = torch.randn(3, 5, 4, device=device) + 1, some_mask(device)
    mask[1] = False
    tried("masked_mean(x, mask), where mask[1] is all False", x=x, mask=mask)
    expected = mean(x, mask)
    assert_close(
        submission.masked_mean(x, mask),
        expected,
        mistakes={
            "the empty row is 0 / 0; keep the count at 1 or more": torch.where(
                mask.any(1, keepdim=True), expected, float("nan")
            )
        },
    )


def test_inputs_are_left_alone(submission, device):
    """no input is changed"""
    logits, target = torch.randn(3, 4, device=device), torch.tensor([0, 3, 1], device=device)
    x, mask = torch.randn(3, 5, 4, device=device), some_mask(device)
    tried("pick_targets(logits, target)", logits=logits, target=target)
    with unchanged(logits=logits, target=target):
        submission.pick_targets(logits, target)
    tried("masked_mean(x, mask)", x=x, mask=mask)
    with unchanged(x=x, mask=mask):
        submission.masked_mean(x, mask)
    tried("keep_top_k(logits, 2)", logits=logits)
    with unchanged(logits=logits):
        submission.keep_top_k(logits, 2)


def test_gradients_reach_the_input(submission, device):
    """logits and x receive the right gradients"""
    logits = torch.randn(3, 4, device=device, requires_grad=True)
    x, mask = torch.randn(3, 5, 4, device=device, requires_grad=True), some_mask(device)
    mask[1] = False
    target = torch.tensor([0, 3, 1], device=device)
    tried("a backward pass through pick_targets(logits, target)", logits=logits, target=target)
    assert_same_gradients(
        submission.pick_targets(logits, target), picked(logits, target), {"logits": logits}
    )
    tried("a backward pass through masked_mean(x, mask)", x=x, mask=mask)
    assert_same_gradients(submission.masked_mean(x, mask), mean(x, mask), {"x": x})
    tried("a backward pass through keep_top_k(logits, 2)", logits=logits)
    # What became -inf has no say in anything after it: its incoming gradient is 0, so adding -inf is fine too.
    got, expected = submission.keep_top_k(logits, 2), largest(logits, 2)
    assert_same_gradients(
        torch.where(expected == -INF, 0, got),
        torch.where(expected == -INF, 0, expected),
        {"logits": logits},
    )


@pytest.mark.parametrize("garbage", [float("nan"), INF, 1e30], ids=["NaN", "infinity", "large"])
def test_padding_is_never_read(submission, device, garbage):
    """what stands at places that do not count changes neither the mean nor the gradient"""
    x, mask = torch.randn(3, 5, 4, device=device) + 1, some_mask(device)
    mask[2] = False
    expected = mean(x, mask)
    gradient = torch.autograd.grad(mean(x.requires_grad_(), mask).sum(), x)[0]
    x = torch.where(mask.unsqueeze(-1), x, garbage).detach().requires_grad_()
    tried(f"masked_mean(x, mask), where x is {garbage} wherever mask is False", x=x, mask=mask)
    got = submission.masked_mean(x, mask)
    if not torch.isfinite(got).all():
        fail(
            "the padding reaches the result",
            mistake="NaN * 0 and infinity * 0 are NaN: a mask that is multiplied in does not keep the padding out",
            hint="replace the padding by 0 with torch.where or masked_fill",
        )
    assert_close(
        got, expected, hint="the padding is added and taken away again, which leaves its rounding"
    )
    if got.requires_grad:
        found = torch.autograd.grad(got.sum(), x)[0]
        assert_close(
            found, gradient, what="the gradient of x", hint="the padding reaches the gradient"
        )


def test_nan_that_counts_shows(submission, device):
    """a NaN at a place that counts makes the mean NaN"""
    x, mask = torch.randn(3, 5, 4, device=device), some_mask(device)
    x[0, 1, 2] = float("nan")
    tried("masked_mean(x, mask), where x[0, 1, 2] is NaN and counts", x=x, mask=mask)
    expected = mean(x, mask)
    assert_close(
        submission.masked_mean(x, mask),
        expected,
        hint="nan_to_num and nanmean hide a NaN that matters; replace only what the mask rules out",
    )


def test_ties_keep_exactly_k(submission, device):
    """exactly k stay where values tie"""
    logits = torch.tensor(
        [[1.0, 3.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0, 2.0], [5.0, 1.0, 4.0, 4.0, 4.0]],
        device=device,
    )
    tried("keep_top_k(logits, 2)", logits=logits.tolist())
    got = submission.keep_top_k(logits.clone(), 2)
    kept = got != -INF
    counts = kept.sum(-1).tolist()
    if counts != [2, 2, 2]:
        fail(
            f"the rows keep {counts} values, expected 2 each",
            mistake="comparing with the k-th value keeps every value that equals it"
            if min(counts) >= 2
            else "comparing strictly with the k-th value drops every value that equals it",
            hint="scatter the indices of topk into a mask",
        )
    assert_close(
        got[kept], torch.tensor([3.0, 3.0, 2.0, 2.0, 5.0, 4.0], device=device), what="what is kept"
    )


def test_k_above_c_keeps_everything(submission, device):
    """a k of C or more keeps everything"""
    logits = torch.randn(3, 4, device=device)
    for k in (4, 9):
        tried(f"keep_top_k(logits, {k})", logits=logits)
        try:
            got = submission.keep_top_k(logits, k)
        except (RuntimeError, IndexError, ValueError) as error:
            fail(
                f"k = {k} is more than the row has, and raises: {error}",
                hint="k = min(k, logits.shape[-1])",
            )
        assert_close(got, logits.clone())


def test_close_and_distant_values(submission, device):
    """keep_top_k tells close values apart, and large ones"""
    cases = {
        "values a rounding apart": [[1.0 - 2**-23, 1.0, 1.0 + 2**-22, 1.0 + 2**-23]],
        "values far apart": [[-300.0, 400.0, 0.0, -200.0], [1e30, -1e30, 1e20, 0.0]],
    }
    for case, rows in cases.items():
        logits = torch.tensor(rows, device=device)
        tried(f"keep_top_k(logits, 3), {case}", logits=rows)
        assert_close(
            submission.keep_top_k(logits.clone(), 3),
            largest(logits, 3),
            hint="compare the values as they are: a softmax or an added offset makes some equal",
            rtol=0,
            atol=0,
        )


@pytest.mark.parametrize("shape", [(5,), (2, 3, 7), (1, 4)], ids=["one row", "3-D", "batch of 1"])
def test_keeps_under_leading_dimensions(submission, device, shape):
    """keep_top_k takes any number of leading dimensions"""
    logits = noncontiguous(torch.randn(shape, device=device))
    tried("keep_top_k(logits, 2)", logits=logits)
    expected = largest(logits, 2)
    try:
        got = submission.keep_top_k(logits, 2)
    except (RuntimeError, IndexError, ValueError) as error:
        fail(
            f"logits of shape {shape} raise {type(error).__name__}: {error}",
            hint="topk and scatter along dim=-1 work under any number of leading dimensions",
        )
    assert_close(
        got,
        expected,
        hint="topk and scatter along dim=-1 work under any number of leading dimensions",
    )


def test_float64_is_kept(submission, device):
    """float64 stays float64"""
    logits = torch.randn(3, 4, device=device, dtype=torch.float64)
    x, mask = torch.randn(3, 5, 4, device=device, dtype=torch.float64), some_mask(device)
    target = torch.tensor([0, 3, 1], device=device)
    # What is only picked out is exact; the mean may take its weights in float32.
    exact = {"rtol": 0, "atol": 0, "hint": "nothing is computed in float32 on the way"}
    tried("pick_targets(logits, target)", logits=logits, target=target)
    assert_close(submission.pick_targets(logits, target), picked(logits, target), **exact)
    tried("masked_mean(x, mask)", x=x, mask=mask)
    assert_close(
        submission.masked_mean(x, mask), mean(x, mask), hint="is a constant added to the count?"
    )
    tried("keep_top_k(logits, 2)", logits=logits)
    assert_close(submission.keep_top_k(logits, 2), largest(logits, 2), **exact)


def test_no_python_loop(submission, device):
    """the number of torch calls does not grow with the sizes"""

    def arguments(n):
        logits = torch.randn(n, 2 * n, device=device)
        x, mask = (
            torch.randn(n, n + 1, n + 2, device=device),
            torch.rand(n, n + 1, device=device) < 0.5,
        )
        return {
            "pick_targets": (logits, torch.arange(n, device=device)),
            "masked_mean": (x, mask),
            "keep_top_k": (logits, n - 1),
        }

    small, large = arguments(3), arguments(17)
    for name in small:
        tried(f"{name} on 3 rows and on 17")
        function = getattr(submission, name)
        few = len(torch_calls(lambda f=function, n=name: f(*small[n])))
        many = len(torch_calls(lambda f=function, n=name: f(*large[n])))
        if many > few:
            fail(
                f"{name} makes {few} torch calls on 3 rows and {many} on 17",
                mistake="a Python loop over rows is slow: each torch call costs microseconds, whatever it computes",
            )
