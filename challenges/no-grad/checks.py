"""Hidden checks for no-grad. A check's docstring is the line the learner sees."""

import copy
from typing import NamedTuple

import pytest
import torch
from torch import nn

from drill.checking import assert_close, fail, tried


class Log(list):
    """A list that a copy of the model shares with the model."""

    def __deepcopy__(self, memo):
        return self


class Watch(nn.Module):
    """Passes its input on, and notes its mode and whether a graph is being built."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def forward(self, x):
        self.log.append((self.training, torch.is_grad_enabled()))
        return x


class Broken(nn.Module):
    def forward(self, x):
        raise LookupError("this model is broken")


def make(device, *, middle=()):
    """Linear, BatchNorm with statistics of its own, and a nested part; 3 in, 4 out."""
    model = nn.Sequential(
        nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Sequential(*middle, nn.Tanh()), nn.Linear(5, 4)
    ).to(device)
    model[1].running_mean.normal_()
    model[1].running_var.uniform_(0.5, 2.0)
    nn.init.normal_(model[1].weight)
    return model


def set_modes(model, how):
    model.train(how in ("all in training", "BatchNorm frozen"))
    if how == "BatchNorm frozen":
        model[1].eval()
    elif how == "only the nested part in training":
        model[2].train()
        model[2][-1].eval()


def modes(model):
    return {name or "model": module.training for name, module in model.named_modules()}


HOW = ["all in training", "all in eval", "BatchNorm frozen", "only the nested part in training"]


@pytest.mark.parametrize("how", HOW)
def test_output_is_that_of_eval_mode(submission, device, how):
    """the output is the one of eval mode"""
    x = torch.randn(6, 3, device=device)
    judge_output(submission, make(device), x, how)
    judge_output(submission, make(device, middle=[nn.Dropout(0.5)]), x, how)
    judge_output(submission, make(device).double(), x.double(), how)


def judge_output(submission, model, x, how):
    in_eval = copy.deepcopy(model).eval()
    wrong = copy.deepcopy(in_eval)
    wrong[1].train()
    expected = in_eval(x).detach()
    set_modes(model, how)
    tried(f"predict(model, x), the modules {how}", x=x)
    got = submission.predict(model, x)
    assert_close(
        got,
        expected,
        what="the output",
        mistakes={
            "BatchNorm normalised by the batch; the model is not in eval mode": lambda: wrong(
                x
            ).detach(),
            "these are probabilities; return what the model returns": expected.softmax(-1),
            "these are classes; return what the model returns": expected.argmax(-1),
        },
        hint="call model.eval() before the forward pass, whichever mode the model itself is in: its parts may be in another",
    )


def test_every_module_runs_in_eval_mode(submission, device):
    """modules of your own run in eval mode too, not only BatchNorm and Dropout"""
    log = Log()
    model = make(device, middle=[Watch(log)])
    model.train()
    tried("predict(model, x), with a module inside that looks at its training flag")
    submission.predict(model, torch.randn(6, 3, device=device))
    if any(training for training, _ in log):
        fail(
            "a module of the model ran with training=True",
            mistake="only layers of known types were switched; any module may read its flag, with F.dropout(x, training=self.training)",
            hint="model.eval() reaches every module",
        )


def test_hooks_run(submission, device):
    """the model is called, so its hooks run"""
    model = make(device)
    x = torch.randn(6, 3, device=device)
    model.register_forward_hook(lambda module, inputs, output: output * 2 + 1)
    expected = copy.deepcopy(model).eval()(x).detach()
    tried("predict(model, x), with a forward hook on the model", x=x)
    got = submission.predict(model, x)
    assert_close(
        got,
        expected,
        what="the output",
        mistakes={"model.forward(x) skips the hooks": (expected - 1) / 2},
        hint="call model(x)",
    )


def test_no_graph_is_built(submission, device):
    """no graph is built while the model runs"""
    log = Log()
    model = make(device, middle=[Watch(log)])
    x = torch.randn(6, 3, device=device)
    tried("predict(model, x), watching torch.is_grad_enabled() inside the model", x=x)
    got = submission.predict(model, x)
    assert log, "the model was not called"
    if any(building for _, building in log):
        fail(
            "a graph is built during the forward pass",
            mistake="eval() does not turn gradients off"
            if got.requires_grad
            else "detach() cuts the result off afterwards, when all activations have been kept",
            hint="with torch.no_grad(): around model(x)",
        )
    assert len(log) == 1, (
        f"one prediction should call the model once, it was called {len(log)} times"
    )
    assert not got.requires_grad, "the result requires a gradient"


@pytest.mark.parametrize("how", HOW)
def test_modes_are_restored(submission, device, how):
    """each module is back in its own mode"""
    judge_modes(submission, make(device), how, device)


def test_modes_are_those_of_each_call(submission, device):
    """a later call restores the modes that it found, not those of the first call"""
    model = make(device)
    for how in HOW:
        judge_modes(submission, model, how, device)
    x = torch.randn(6, 3, device=device)
    nn.init.normal_(model[3].weight)
    expected = copy.deepcopy(model).eval()(x).detach()
    tried("predict(model, x) after the weights have changed", x=x)
    got = submission.predict(model, x)
    if not torch.allclose(got, expected, rtol=1e-4, atol=1e-5):
        fail(
            "the output is not that of the weights the model has now",
            mistake="a copy of the model, kept from an earlier call, has the weights of then",
            hint="run the model itself, or copy it anew in each call",
        )


def judge_modes(submission, model, how, device):
    set_modes(model, how)
    before = modes(model)
    tried(f"predict(model, x), the modules {how}")
    submission.predict(model, torch.randn(6, 3, device=device))
    now = modes(model)
    different = [name for name in before if now[name] != before[name]]
    if different:
        mixed = len(set(before.values())) == 2
        all_alike = len(set(now.values())) == 1
        fail(
            "; ".join(
                f"{name}.training was {before[name]} and is {now[name]}" for name in different[:3]
            ),
            mistake="model.train(mode) sets every module to one mode; remember each one's own"
            if mixed and all_alike
            else "the model stays in eval mode"
            if not any(now.values())
            else "model.train() at the end, whatever the mode was before"
            if all(now.values())
            else "not every module got back the mode that it had itself",
            hint="modes = [(m, m.training) for m in model.modules()], and set m.training back",
        )


@pytest.mark.parametrize("enabled", [False, True], ids=["inside no_grad", "with gradients on"])
def test_gradient_mode_of_the_caller_is_restored(submission, device, enabled):
    """the caller's gradient mode is as before"""
    model = make(device)
    x = torch.randn(6, 3, device=device)
    tried(f"predict(model, x) {'with gradients on' if enabled else 'inside torch.no_grad()'}")
    with torch.set_grad_enabled(enabled):
        submission.predict(model, x)
        after = torch.is_grad_enabled()
    if after != enabled:
        fail(
            f"gradients were {'on' if enabled else 'off'} before the call, and are {'on' if after else 'off'} after it",
            mistake="set_grad_enabled as a plain call holds until somebody calls it again",
            hint="with torch.no_grad(): restores what was there",
        )


@pytest.mark.parametrize("enabled", [True, False], ids=["with gradients on", "inside no_grad"])
def test_all_is_restored_when_the_model_raises(submission, device, enabled):
    """an error in the model comes through, and leaves everything as before"""
    model = make(device, middle=[Broken()])
    set_modes(model, "BatchNorm frozen")
    before = modes(model)
    tried(
        f"predict(model, x) with a model whose forward raises LookupError, {'with gradients on' if enabled else 'inside torch.no_grad()'}"
    )
    try:
        with torch.set_grad_enabled(enabled):
            try:
                got = submission.predict(model, torch.randn(6, 3, device=device))
            finally:
                grad_mode = torch.is_grad_enabled()
    except LookupError:
        pass
    except Exception as error:  # another one, made from the model's
        fail(
            f"the model raised LookupError, and {type(error).__name__} came out instead: {error}",
            hint="try ... finally, without except: the caller sees the model's own error",
        )
    else:
        fail(
            f"the model's error is lost, and {got!r} came back instead",
            hint="try ... finally, without except",
        )
    hint = "restore in a finally block"
    if modes(model) != before:
        fail(
            "after the error the modules are in other modes than before",
            mistake="an error skips the lines that restore",
            hint=hint,
        )
    if grad_mode != enabled:
        fail(
            f"after the error gradients are {'on, and were off' if grad_mode else 'off'}",
            mistake="gradients are turned on whatever they were"
            if grad_mode
            else "an error skips the lines that restore",
            hint=hint,
        )


def test_model_is_left_alone(submission, device):
    """weights, buffers, gradients and requires_grad stay as they are"""
    model = make(device)
    model[3].weight.requires_grad_(False)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.randn_like(parameter)
    x = torch.randn(6, 3, device=device, requires_grad=True)
    values = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    flags = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    gradients = {
        name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()
    }
    tried("predict(model, x), looking at the model before and after", x=x)
    random_state = torch.get_rng_state()
    submission.predict(model, x)
    assert torch.equal(torch.get_rng_state(), random_state), (
        "the state of torch's random generator changed: the call seeds or draws, and training after it sees other random numbers"
    )
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, values[name]), f"{name} changed"
    for name, parameter in model.named_parameters():
        if parameter.requires_grad != flags[name]:
            fail(
                f"{name}.requires_grad was {flags[name]}, and is {parameter.requires_grad}",
                mistake="requires_grad says what to train; it is not the switch for inference",
                hint="torch.no_grad() leaves the flags alone",
            )
        before = gradients[name]
        same = (
            parameter.grad is None
            if before is None
            else parameter.grad is not None and torch.equal(parameter.grad, before)
        )
        assert same, (
            f"the gradient of {name} changed; a prediction between backward() and step() would spoil the step"
        )
    assert x.requires_grad, "x.requires_grad was True, and is False"


def test_requires_grad_after_an_error(submission, device):
    """requires_grad is as before when the model raises, too"""
    model = make(device, middle=[Broken()])
    model[3].weight.requires_grad_(False)
    flags = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    tried("predict(model, x) with a model whose forward raises LookupError")
    with pytest.raises(LookupError):
        submission.predict(model, torch.randn(6, 3, device=device))
    for name, parameter in model.named_parameters():
        if parameter.requires_grad != flags[name]:
            fail(
                f"after the error {name}.requires_grad is {parameter.requires_grad}, and was {flags[name]}",
                mistake="an error skips the lines that restore",
                hint="torch.no_grad() needs no change of requires_grad",
            )


class Pair(NamedTuple):
    logits: torch.Tensor
    twice: torch.Tensor


KINDS = {
    "tuple": lambda y: (y, 2 * y),
    "list": lambda y: [y, 2 * y],
    "dict": lambda y: {"logits": y, "twice": 2 * y},
    "named tuple": lambda y: Pair(y, 2 * y),
}


class Heads(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.layer = nn.Linear(3, 4)

    def forward(self, x):
        return KINDS[self.kind](self.layer(x))


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_of_any_kind(submission, device, kind):
    """a model may return a tuple, a list or a dict"""
    model = Heads(kind).to(device)
    x = torch.randn(6, 3, device=device)
    expected = KINDS[kind](model.layer(x).detach())
    tried(f"predict(model, x) with a model that returns a {kind}", x=x)
    try:
        got = submission.predict(model, x)
    except (AttributeError, TypeError) as error:
        fail(
            f"a model that returns a {kind} raises {type(error).__name__}: {error}",
            hint="return what the model returns, as it is",
        )
    assert_close(got, expected, what="the output")
    if type(got) is not type(expected):
        fail(
            f"the model returns a {kind}, and a {type(got).__name__} came back",
            mistake="the result was taken apart and put together as another type",
            hint="return what the model returns, as it is",
        )
