"""Hidden checks for dynamic-depth. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch import nn

from drill.checking import (
    assert_close,
    assert_same_gradients,
    fail,
    noncontiguous,
    tried,
    unchanged,
)

# In float64 other orders of operations differ by about 1e-15; a step in float32 differs by 1e-8.
EXACT = {"rtol": 1e-11, "atol": 1e-11}


def build(submission, device, dim=3, max_steps=6, dtype=torch.float64, **options):
    """A model whose rows take different numbers of steps: each step moves the first feature by about 0.5."""
    shown = "".join(f", {name}={value}" for name, value in options.items())
    tried(f"DynamicDepth(dim={dim}, max_steps={max_steps}{shown})")
    model = submission.DynamicDepth(dim=dim, max_steps=max_steps, **options)
    for name, shape in (("cell", (dim, dim)), ("halt", (1, dim))):
        weight = getattr(getattr(model, name, None), "weight", None)
        if not isinstance(weight, nn.Parameter) or tuple(weight.shape) != shape:
            fail(f"{name} should be an nn.Linear whose weight has the shape {shape}")
        if not isinstance(getattr(model, name).bias, nn.Parameter):
            fail(f"{name} should be an nn.Linear with a bias, which is its default")
    # by identity: a layer may be registered under another name as well, or instead
    own = {id(p) for layer in (model.cell, model.halt) for p in (layer.weight, layer.bias)}
    others = {name for name, parameter in model.named_parameters() if id(parameter) not in own}
    if others:
        fail(
            f"the parameters are those of cell and halt; there is also {', '.join(sorted(others))}"
        )
    with torch.no_grad():
        model.cell.weight.normal_(std=0.1)
        model.cell.bias.normal_(std=0.1)
        model.cell.weight[0].zero_()
        model.cell.bias[0] = 0.5493
        model.halt.weight.zero_()
        model.halt.weight[0, 0] = 1.0
        model.halt.bias.fill_(-1.1)
    return model.to(device=device, dtype=dtype)


def rows(device, dim=3, dtype=torch.float64):
    """First features that take 0 to 9 steps to reach 1.1, in no order."""
    first = torch.tensor([0.3, 2.0, -1.0, 0.8, -3.2, 1.2], device=device, dtype=dtype)
    x = torch.randn(6, dim, device=device, dtype=dtype)
    x[:, 0] = first
    return x


def one_row(
    model, x, max_steps, threshold, *, late=False, extra=0, residual=1, act=torch.tanh, score=torch.sigmoid,
    of_x=False, from_x=False, equal_stops=True,
):  # fmt: skip
    """One row's state and number of steps, by the statement; the options are wrong ideas."""
    h = x
    for step in range(max_steps + extra):
        scored = score(model.halt(x if of_x else h)).item()
        done = scored >= threshold if equal_stops else scored > threshold
        if done and not (late and step == 0):
            return h, step
        h = residual * (x if from_x else h) + act(model.cell(h))
    return h, max_steps + extra


def oracle(model, x, max_steps=6, threshold=0.5, **wrong):
    pairs = [one_row(model, row, max_steps, threshold, **wrong) for row in x]
    return torch.stack([h for h, _ in pairs]), torch.tensor([n for _, n in pairs], device=x.device)


def whole_batch(model, x, max_steps, stop):
    """One decision for all rows."""
    h, step = x, 0
    while step < max_steps:
        scores = torch.sigmoid(model.halt(h))
        if stop(scores >= 0.5, scores):
            break
        h, step = h + torch.tanh(model.cell(h)), step + 1
    return h, torch.full((len(x),), step, device=x.device)


def call(model, x):
    result = model(x)
    if not isinstance(result, tuple | list) or len(result) != 2:
        fail(f"forward should return the pair (h, steps), got a {type(result).__name__}")
    return result


def test_each_row_stops_by_itself(submission, device):
    """each row takes as many steps as it needs"""
    model, x = build(submission, device), rows(device)
    with torch.no_grad():
        h, steps = oracle(model, x)
        batch = {
            "one row that is done stops all of them": whole_batch(
                model, x, 6, lambda done, _: done.any()
            ),
            "all rows go on until the last one is done; a row that is done keeps its h": whole_batch(
                model, x, 6, lambda done, _: done.all()
            ),
            "the mean of the scores decides for all rows; each row has its own depth": whole_batch(
                model, x, 6, lambda _, scores: scores.mean() >= 0.5
            ),
            "the test comes after the step; a row that is done at the start takes no step": oracle(
                model, x, late=True
            ),
            "the score is always that of x; the test is on the present h": oracle(
                model, x, of_x=True
            ),
            "the score is compared without its sigmoid": oracle(model, x, score=lambda s: s),
            "a step adds to x; it adds to the present h": oracle(model, x, from_x=True),
            "a step adds tanh(cell(h)), not cell(h) itself": oracle(model, x, act=lambda c: c),
            "a step adds tanh(cell(h)), not another function of cell(h)": oracle(
                model, x, act=torch.sigmoid
            ),
            "the residual is lost: a step is h + tanh(cell(h))": oracle(model, x, residual=0),
            "a row takes one step more than max_steps": oracle(model, x, extra=1),
            "a row takes one step less than max_steps": oracle(model, x, extra=-1),
            "the rows go on although they are done: max_steps steps each": whole_batch(
                model, x, 6, lambda *_: False
            ),
        }
        tried("model(x), where the rows need 2, 0, 5, 1, 9 and 0 steps and max_steps is 6", x=x)
        got_h, got_steps = call(model, x.clone())
    assert_close(
        got_h, h, what="h", **EXACT,
        mistakes={sentence: wrong[0] for sentence, wrong in batch.items()},
    )  # fmt: skip
    assert_close(
        got_steps, steps, what="steps", hint="an int64 tensor of shape (B,)",
        mistakes={sentence: wrong[1] for sentence, wrong in batch.items()},
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_calls_do_not_depend_on_each_other(submission, device, mode):
    """a second call, in train and in eval mode, gives what the first gives"""
    model, x = build(submission, device).train(mode == "train"), rows(device)
    with torch.no_grad():
        expected = oracle(model, x)
        call(model, torch.randn_like(x))
        tried(f"model(x) in {mode} mode, after a call with another x", x=x)
        h, steps = call(model, x.clone())
    hint = "is something kept in the module from call to call, or does the mode matter?"
    assert_close(steps, expected[1], what="steps", hint=hint)
    assert_close(h, expected[0], what="h", hint=hint)


@pytest.mark.parametrize(
    ("max_steps", "threshold"), [(0, 0.5), (1, 0.5), (9, 0.72), (12, 0.2), (6, 0.0)],
    ids=["max_steps=0", "max_steps=1", "threshold=0.72", "threshold=0.2", "threshold=0"],
)  # fmt: skip
def test_max_steps_and_threshold_count(submission, device, max_steps, threshold):
    """max_steps and threshold decide when to stop"""
    options = {} if threshold == 0.5 else {"threshold": threshold}
    model, x = build(submission, device, 3, max_steps, **options), rows(device)
    with torch.no_grad():
        h, steps = oracle(model, x, max_steps, threshold)
        tried(f"model(x) with max_steps={max_steps} and threshold={threshold}", x=x)
        got_h, got_steps = call(model, x.clone())
        fixed = oracle(model, x, max_steps, 0.5)
        plain = oracle(model, x, max_steps, threshold, score=lambda s: s)
    unused = "the threshold is not used; the rows stop at 0.5"
    if threshold == 0:
        unused = "a threshold of 0 is taken for none given; the rows stop at 0.5"
    assert_close(
        got_steps, steps, what="steps",
        mistakes={
            unused: fixed[1],
            "the score is compared without its sigmoid": plain[1],
        },
    )  # fmt: skip
    assert_close(got_h, h, what="h")


def test_score_equal_to_the_threshold_stops(submission, device):
    """a score of exactly the threshold stops the row"""
    model = build(submission, device)
    with torch.no_grad():
        model.halt.weight.zero_()
        model.halt.bias.zero_()  # every score is exactly one half
    x = rows(device)
    before = x.clone()
    tried("model(x), where every score equals the threshold of 0.5", x=x)
    with torch.no_grad():
        h, steps = call(model, x)
        late = oracle(model, before, equal_stops=False)[1]
    assert_close(
        steps, torch.zeros(6, dtype=torch.int64, device=device), what="steps",
        mistakes={"a score equal to the threshold goes on; the row stops at >= threshold": late},
    )  # fmt: skip
    assert_close(h, before, what="h")


def test_cell_rests_when_all_rows_are_done(submission, device):
    """cell is not called once every row is done"""
    model, x = build(submission, device, 3, 40), rows(device)
    with torch.no_grad():
        steps = oracle(model, x, 40)[1]
        weight, bias = model.halt.weight.clone(), model.halt.bias.clone()
    calls = []

    def seen(_, inputs, __):
        # Is any row of this call still to be stepped? No row reaches max_steps here.
        scores = torch.sigmoid(nn.functional.linear(inputs[0].detach(), weight, bias))
        calls.append(bool((scores < 0.5).any()))

    model.cell.register_forward_hook(seen)
    tried("model(x) with max_steps=40, where the slowest row needs 9 steps", x=x)
    with torch.no_grad():
        call(model, x)
    # A loop over the rows calls it for each step of each row; nothing calls it more often.
    assert len(calls) <= int(steps.sum()), (
        f"cell is called {len(calls)} times, though the slowest row takes {int(steps.max())} steps"
    )
    assert all(calls), (
        "cell is called with rows that are all done; test first, and leave the loop before the step"
    )


def test_gradients_flow_through_every_step(submission, device):
    """x and the cell receive gradients through all steps that a row took"""
    for mode in ("train", "eval"):
        assert_gradients(build(submission, device).train(mode == "train"), device, mode)


def assert_gradients(model, device, mode):
    x = rows(device).requires_grad_()
    twin = x.detach().clone().requires_grad_()
    tried(f"a backward pass through h, in {mode} mode", x=x)
    expected, _ = oracle(model, twin)
    with unchanged(x=x):
        try:
            h, _ = call(model, x)
        except RuntimeError as error:
            fail(
                f"the forward pass raises RuntimeError: {error}",
                hint="h[active] = ... writes into x when h is x",
            )
    assert torch.is_grad_enabled(), "gradients are turned off after the call, for the whole program"
    assert_close(h, expected, what="h")
    cell = {f"cell.{name}": p for name, p in model.cell.named_parameters()}
    cotangent = torch.randn_like(expected)
    sentences = {
        "only the last step has a graph; do not detach h between steps": False,
        "the h that goes into cell is detached; the gradient flows through cell too": True,
    }
    mistakes = {name: {} for name in cell}
    for sentence, residual in sentences.items():
        wrong = torch.autograd.grad(
            partly_detached(model, x, residual), list(cell.values()), cotangent
        )
        for name, gradient in zip(cell, wrong, strict=True):
            mistakes[name][sentence] = gradient
    free = [p for p in model.halt.parameters() if p.requires_grad]
    if h.requires_grad and free:
        halt = torch.autograd.grad(h, free, cotangent, retain_graph=True, allow_unused=True)
        assert all(g is None or not g.any() for g in halt), (
            "a gradient reaches halt; the decision to stop is a comparison, and has none"
        )
    try:
        assert_same_gradients(
            h,
            expected,
            {**cell, "x": x},
            expected_inputs={**cell, "x": twin},
            cotangent=cotangent,
            mistakes=mistakes,
        )
    except RuntimeError as error:
        fail(
            f"the backward pass raises RuntimeError: {error}",
            hint="something that backward needs was written over",
        )


def partly_detached(model, x, residual):
    """What detaching h before each step leaves of the graph, or detaching it on the way into cell."""
    out = []
    for row, n in zip(x, oracle(model, x)[1].tolist(), strict=True):
        for _ in range(n):
            inside = row.detach()
            row = (row if residual else inside) + torch.tanh(model.cell(inside))
        out.append(row)
    return torch.stack(out)


@pytest.mark.parametrize("case", ["batch of 1", "float32", "not contiguous", "another dim"])
def test_other_inputs_work(submission, device, case):
    """batch of one, float32, and input that is not contiguous"""
    dtype = torch.float32 if case == "float32" else torch.float64
    dim = 5 if case == "another dim" else 3
    model, x = build(submission, device, dim, dtype=dtype), rows(device, dim, dtype)
    x = {"batch of 1": x[2:3], "not contiguous": noncontiguous(x)}.get(case, x)
    with torch.no_grad():
        h, steps = oracle(model, x)
        tried("model(x)", x=x)
        with unchanged(x=x):
            try:
                got_h, got_steps = call(model, x)
            except (RuntimeError, IndexError) as error:
                fail(
                    f"an input of shape {tuple(x.shape)} raises {type(error).__name__}: {error}",
                    hint="squeeze() drops the batch axis of a single row too; squeeze(-1) does not",
                )
    assert_close(got_steps, steps, what="steps")
    assert_close(got_h, h, what="h")
