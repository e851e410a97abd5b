"""Hidden checks for early-stopping. A check's docstring is the line the learner sees."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from drill.checking import fail, tried

NAN = float("nan")


def stop_at(said):
    """The number of the first call that says to stop, None where none does."""
    return next((number for number, stop in enumerate(said, start=1) if stop), None)


def answers(submission, values, **options):
    """The number of the call that says to stop, and the object."""
    stopping = submission.EarlyStopping(**options)
    model = nn.Linear(2, 1)
    said = ", ".join(f"{name}={value!r}" for name, value in options.items())
    tried(f"EarlyStopping({said}), step() with {values}")
    results = [stopping.step(value, model) for value in values]
    if all(result is None for result in results):
        fail("step() gives None at every call", hint="is a return missing? return whether to stop")
    for number, result in enumerate(results, start=1):
        assert isinstance(result, bool | np.bool_), (
            f"step() should return True or False, call {number} returned {result!r}"
        )
    return stop_at(results), stopping


def oracle(values, patience=3, min_delta=0.0, mode="min", wrong=""):
    """The number of the call that should say to stop, or would with one known mistake."""
    best, since, last, said = None, 0, None, []
    for value in values:
        sign = 1 if mode == "min" or wrong == "mode" else -1
        reference = last if wrong == "last" else best
        reference = None if wrong == "zero" and best == 0 else reference
        if wrong == "nan first" and reference is None:
            better = True
        elif math.isnan(value) and wrong == "nan passed over":
            said.append(False)
            continue
        elif wrong == "nan better" and (
            math.isnan(value) or (best is not None and math.isnan(best))
        ):
            better = True
        elif math.isnan(value):
            better = False
        elif reference is None:
            better = True
        else:
            gain = sign * (reference - value)
            gain = abs(gain) if wrong == "either way" else gain
            delta = {"delta ignored": 0.0, "delta added": -min_delta}.get(wrong, min_delta)
            better = gain >= delta if wrong == "equal" else gain > delta
        last = value
        if better:
            best, since = value, (since if wrong == "not reset" else 0)
        else:
            since += 1
            if wrong == "drift" and best is not None and sign * (best - value) > 0:
                best = value
        limit = patience + {"one late": 1, "one early": -1}.get(wrong, 0)
        said.append(since > 0 and since >= (3 if wrong == "patience" else limit))
    return stop_at(said)


IDEAS = {
    "one late": "it stops one call late: the patience-th bad call in a row is the last",
    "one early": "it stops one call early",
    "not reset": "bad calls are counted over the whole training; an improvement starts the count again",
    "last": "the value is compared with the one before it, not with the best",
    "equal": "an improvement must be by more than min_delta; equal is not enough",
    "delta ignored": "min_delta is ignored",
    "delta added": "min_delta works the wrong way round: a value that is worse by less than it counts as an improvement",
    "drift": "best moves at improvements that are too small to count",
    "zero": "a best of 0 is taken for none: `not self.best` is true for 0 as for None",
    "either way": "abs() takes a value that is worse for an improvement",
    "mode": "mode is ignored",
    "nan first": "a first value of NaN is taken for the best, and nothing is better than NaN",
    "nan better": "NaN counts as an improvement; every comparison with it is False, also the one that is turned round",
    "nan passed over": "NaN is passed over; it is a call that has not improved",
    "patience": "patience is ignored",
}


def judge(submission, values, ideas, **options):
    stop, stopping = answers(submission, values, **options)
    expected = oracle(values, **options)
    if stop != expected:
        known = [IDEAS[wrong] for wrong in ideas if oracle(values, wrong=wrong, **options) == stop]
        when = {number: f"call {number}" if number else "no call" for number in (stop, expected)}
        fail(
            f"{when[expected]} should be the first to say stop, it is {when[stop]}",
            mistake=known[0] if known else "",
            hint="an improvement sets the count of bad calls to 0, any other call adds 1",
        )
    return stopping


@pytest.mark.parametrize("patience", [5, 2, 1], ids=["patience 5", "patience 2", "patience 1"])
def test_stops_after_patience(submission, patience):
    """it stops when patience calls in a row have not improved"""
    ideas = ["one late", "one early", "not reset", "last", "patience", "equal", "either way"]
    judge(
        submission,
        [
            2.0,
            3.75,
            1.75,
            3.0,
            1.75,
            1.0,
            1.0,
            3.0,
            1.0,
            1.0,
            1.75,
            1.75,
            2.0,
            2.5,
            3.75,
            3.0,
            2.75,
            2.0,
            2.5,
            1.75,
            3.0,
            1.5,
            3.25,
            3.0,
        ],
        ideas,
        patience=patience,
    )


def test_defaults(submission):
    """the defaults are patience=3, min_delta=0.0 and mode="min\""""
    judge(
        submission,
        [2.5, 2.75, 3.75, 1.5, 3.0, 1.5, 4.5, 1.5, 3.5, 2.75, 4.0, 3.25, 1.25, 3.5],
        ["one late", "one early", "equal", "last", "not reset"],
    )
    # Without a min_delta every improvement counts, a small one too, and at any scale.
    judge(submission, [1.0 - i * 1e-9 for i in range(5)], ["one early"])
    judge(submission, [1e300, 1e12, 1e11, 1e10, 1e9], ["one early"])
    judge(submission, [0.0, 0.5, 0.25, 0.125, 0.75], ["zero", "last"])  # a best of 0 is a best


def test_only_more_than_min_delta_improves(submission):
    """an improvement is by more than min_delta"""
    ideas = ["equal", "delta ignored", "delta added", "drift"]
    # exact in binary, so that either way of writing the comparison agrees
    judge(
        submission,
        [2.875, 2.875, 1.625, 1.375, 1.25, 2.375, 1.125, 2.125, 1.125, 2.75, 1.0, 1.75],
        ideas,
        patience=2,
        min_delta=0.25,
    )
    judge(
        submission,
        [3.75, 2.75, 2.25, 3.25, 2.0, 2.75, 1.75, 3.25, 1.75, 3.0, 2.0, 4.0, 2.5, 4.5],
        ideas,
        patience=3,
        min_delta=0.5,
    )


def test_mode_max(submission):
    """mode="max" takes larger values for better"""
    judge(
        submission,
        [0.25, 0.5, 0.125, 0.625, 1.0, 0.75, 1.0, 0.375, 0.5, 0.5, 0.875],
        ["mode", "equal", "not reset", "last"],
        patience=2,
        mode="max",
    )
    judge(
        submission,
        [0.0625, 0.6875, 0.8125, 0.875, 0.75, 1.0, 0.375, 0.9375, 0.875, 0.3125, 0.5625, 0.0],
        ["mode", "equal", "delta added", "delta ignored", "drift"],
        patience=2,
        min_delta=0.125,
        mode="max",
    )
    judge(submission, [-4.0, -3.0, -2.0, -2.5, -3.0], ["mode"], patience=2, mode="max")
    judge(submission, [-1e300, -1e12, -1e11, -1e10, -1e9], ["mode"], mode="max")


def test_it_goes_on_saying_stop(submission):
    """further calls without an improvement go on saying stop"""
    stopping, model = submission.EarlyStopping(2, 0.25, "max"), nn.Linear(2, 1)
    tried('EarlyStopping(2, 0.25, "max"), step() with 1.0, 1.125, 0.5, 1.25 and 1.0')
    said = [bool(stopping.step(value, model)) for value in (1.0, 1.125, 0.5, 1.25, 1.0)]
    expected = [False, False, True, True, True]
    if said != expected:
        fail(
            f"step() should say {expected}, it says {said}",
            mistake="it says stop at one call only; after it, patience calls in a row have still not improved"
            if said[:3] == expected[:3]
            else "",
            hint="return self.bad_calls >= self.patience, and set the count to 0 at an improvement only",
        )


def test_nan_never_improves(submission):
    """NaN never improves, not even as the first value"""
    judge(
        submission,
        [2.0, NAN, NAN, NAN, 3.0, 3.0, 3.0],
        ["nan first", "nan passed over", "nan better"],
        patience=3,
    )
    judge(submission, [NAN, 2.0, 1.0, 1.5, NAN], ["nan first"], patience=2)
    judge(submission, [NAN, 0.5, 0.75, 0.625, NAN], ["nan first"], patience=2, mode="max")


def test_best_is_the_best_value(submission):
    """best is the value of the last improvement"""
    for values, options, expected in (
        ([3.0, 2.0, 2.5], {}, 2.0),
        ([3.0, 2.0, 1.875], {"min_delta": 0.25}, 2.0),
        ([0.5, 0.75, 0.625], {"mode": "max"}, 0.75),
        ([NAN, 0.75], {}, 0.75),
        ([0.123456789], {}, 0.123456789),
    ):
        _, stopping = answers(submission, values, **options)
        if (
            not isinstance(getattr(stopping, "best", None), int | float)
            or stopping.best != expected
        ):
            best = getattr(stopping, "best", "missing")
            fail(
                f"best should be {expected}, got {best}",
                mistake="best moves at improvements that are too small to count"
                if best == 1.875
                else "",
                hint="set self.best where a value improves, and nowhere else",
            )


def test_unknown_mode_is_refused(submission):
    """another mode raises ValueError"""
    for mode in ("maximum", "m"):
        tried(f'EarlyStopping(mode="{mode}")')
        try:
            submission.EarlyStopping(mode=mode)
        except ValueError:
            continue
        except AssertionError:
            fail(
                "an AssertionError was raised, expected a ValueError",
                hint="assert vanishes under python -O",
            )
        fail(
            "no ValueError was raised",
            mistake="a misspelt mode would quietly be one of the two"
            if mode != "m"
            else "`in` looks for a part of a string; ask in a tuple",
            hint='if mode not in ("min", "max"): raise ValueError(...)',
        )


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))

    def forward(self, x):
        return self.layers(x)


def train(model):
    """Changes weights and buffers in place, as an optimizer and BatchNorm do."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    model.train()(torch.randn(5, 3).to(next(model.parameters())))


def state(model):
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def different(model, expected):
    return [
        name
        for name, tensor in model.state_dict().items()
        if not torch.equal(tensor, expected[name])
    ]


def test_best_weights_come_back(submission, device):
    """restore puts the weights and buffers of the best call back"""
    model = Net().to(device)
    stopping = submission.EarlyStopping(patience=2)
    states = []
    for value in (3.0, 1.0, 2.0, 1.5):
        train(model)
        states.append(state(model))
        stopping.step(value, model)
        assert not different(model, states[-1]), "step() changed the model"
        assert all(module.training for module in model.modules()), (
            "the model was in training mode before step(), and is in eval mode after it"
        )
    objects = dict(model.named_parameters())
    train(model)
    last = state(model)
    tried("step() with 3.0, 1.0, 2.0 and 1.5, training in between, then restore(model)")
    stopping.restore(model)
    for name, parameter in model.named_parameters():
        assert parameter is objects[name], (
            f"{name} is another object after restore(); the optimizer goes on holding the old one"
        )
    wrong = different(model, states[1])
    if wrong:
        ideas = {
            "the weights are those of now: state_dict() shares its tensors with the model, so training changes what was kept": last,
            "these are the weights of the last call, not of the best": states[-1],
            "these are the weights of the first call": states[0],
        }
        known = [idea for idea, values in ideas.items() if not different(model, values)]
        only_buffers = all("running" in name or "tracked" in name for name in wrong)
        fail(
            f"{', '.join(wrong)} differ from those of the best call",
            mistake="parameters() has no buffers; BatchNorm's statistics belong to the weights they were measured with"
            if only_buffers
            else (known or [""])[0],
            hint="copy.deepcopy(model.state_dict()) at each improvement",
        )


def test_restoring_twice(submission, device):
    """what was kept survives a restore and more training"""
    model = Net().to(device).double()
    stopping = submission.EarlyStopping()
    train(model)  # to values that float32 does not hold
    kept = state(model)
    stopping.step(1.0, model)
    for _ in range(2):
        train(model)
        tried("restore(model), training, and restore(model) again")
        modes = [module.training for module in model.train().modules()]
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        stopping.restore(model)
        assert all(
            p.grad is not None and torch.equal(p.grad, torch.ones_like(p))
            for p in model.parameters()
        ), "restore() changed the gradients; put weights and buffers back, no more"
        if [module.training for module in model.modules()] != modes:
            fail("restore() changed the model's mode", hint="put weights and buffers back, no more")
        assert all(parameter.requires_grad for parameter in model.parameters()), (
            "the parameters required gradients before restore(), and do not after it"
        )
        assert stopping.best == 1.0, f"best was 1.0 before restore(), and is {stopping.best} after"
        if different(model, kept):
            rounded = {name: t.float().to(t.dtype) for name, t in kept.items()}
            fail(
                "the weights after a restore, or a second one, differ from those of the best call",
                mistake="the weights are kept in float32, and the model's are float64"
                if not different(model, rounded)
                else "after the first restore the model and what was kept share their tensors",
                hint="copy into the model, with load_state_dict",
            )


def test_the_count_survives_a_restore(submission, device):
    """restoring does not touch the count of bad calls"""
    model = Net().to(device)
    stopping = submission.EarlyStopping(patience=2)
    tried("EarlyStopping(patience=2), step() with 1.0 and 2.0, restore(model), step() with 3.0")
    stopping.step(1.0, model)
    stopping.step(2.0, model)
    stopping.restore(model)
    if not stopping.step(3.0, model):
        fail(
            "two calls in a row have not improved, and step() does not say stop",
            mistake="restore() sets the count back; it puts weights and buffers back, and changes nothing else",
        )


def test_two_objects_do_not_meet(submission, device):
    """two objects keep their own counts and weights"""
    first, second = submission.EarlyStopping(patience=2), submission.EarlyStopping(patience=2)
    one, two = Net().to(device), Net().to(device)
    kept = state(one)
    tried("two EarlyStopping objects, stepped in turn")
    said = []
    for a, b in ((1.0, 5.0), (2.0, 4.0)):
        said += [bool(first.step(a, one)), bool(second.step(b, two))]
    if any(said) or first.best != 1.0 or second.best != 4.0:
        fail(
            f"the bests should be 1.0 and 4.0, and none should stop; got {first.best} and {second.best}, and step() said {said}",
            mistake="an attribute of the class is shared by all objects",
            hint="set the attributes in __init__",
        )
    train(one)
    first.restore(one)
    if different(one, kept):
        fail(
            "the first object restores other weights than those it kept",
            mistake="an attribute of the class is shared by all objects",
            hint="set the attributes in __init__",
        )
