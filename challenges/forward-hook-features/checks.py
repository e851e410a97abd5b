"""Hidden checks for forward-hook-features. A check's docstring is the line the learner sees."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules import module as torch_module

from drill.checking import assert_close, fail, gradients, tried, unchanged


class Net(nn.Module):
    """Nested names, in-place ReLUs, a shared layer that runs twice, one that never runs, BatchNorm and Dropout."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(3, 5), nn.ReLU(inplace=True), nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)))
        self.shared = nn.Linear(4, 4)
        self.unused = nn.ModuleDict({"head": nn.Linear(4, 2)})
        self.head = nn.Linear(4, 2)
        self.calls = 0
        self.seen = {}

    def forward(self, x):
        self.calls += 1
        see = self.seen
        see["encoder.0"] = (h := self.encoder[0](x)).clone()
        see["encoder.1"] = (h := self.encoder[1](h)).clone()
        see["encoder.2.0"] = (h := self.encoder[2][0](h)).clone()
        see["encoder.2.1"] = (h := self.encoder[2][1](h)).clone()
        h = self.shared(h.relu_())
        see["shared"] = (h := self.shared(h.tanh())).clone()
        see["head"] = (h := self.head(h.mul_(0.5))).clone()
        see[""] = (h := h.exp()).clone()
        return h


def net(device):
    model = Net().to(device)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    return model


NAMES = ["head", "encoder.0", "encoder.1", "encoder.2.0", "encoder.2.1", "shared", ""]


def traces(model):
    """What hooking or patching leaves behind: hooks of every kind, and what hangs on the instances."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called")
    found = {}
    for name, module in model.named_modules():
        for kind in kinds:
            found[name, kind] = list(getattr(module, kind))
        found[name, "attributes"] = sorted(key for key in vars(module) if key not in ("calls", "seen"))
    for kind in ("_global_forward_hooks", "_global_forward_pre_hooks", "_global_forward_hooks_always_called"):
        found["all modules", kind] = list(getattr(torch_module, kind))
    return found


def assert_no_trace(model, before, when):
    for (name, kind), left in traces(model).items():
        had = before[name, kind]
        if len(left) > len(had):
            what = f"an attribute on {name or 'the model itself'}" if kind == "attributes" else "a hook on " + (name or "the model itself")
            fail(f"{when}, {what} is left behind", mistake="remove each handle in a finally (or a context manager), so that nothing skips it")
        if left != had:
            fail(f"{when}, hooks of others on {name or 'the model itself'} are gone", mistake="handle.remove() takes away your own hook and no other")


def test_features_by_name(submission, device):
    """each name gets its layer's output"""
    model = net(device).eval()
    names = ["head", "encoder.2.0"]
    x = torch.randn(6, 3, device=device)
    tried("extract_features(model, x, ['head', 'encoder.2.0'])", x=x)
    features = submission.extract_features(model, x.clone(), names)
    if not isinstance(features, dict):
        fail(f"the result should be a dict, got a {type(features).__name__}")
    assert model.calls, "the model that was given never ran; a copy of it has other hooks and buffers"
    seen = dict(model.seen)
    if "" not in seen:
        fail("the forward pass was stopped before its end", mistake="an exception out of a hook stops the model; others' hooks, and layers that run again, come later", hint="let model(x) come to its end")
    if set(features) == set(names[-1:]) and features[names[-1]].shape == seen["head"].shape:  # head runs last
        fail("only the last name is in the dict", mistake="a function made in a loop looks its variables up when it runs: bind the name as a default argument, with partial, or by a function that makes the hook")
    assert set(features) == set(names), f"the keys should be {sorted(names)}, got {sorted(map(str, features))}"
    for name in names:
        others = [key for key in seen if key != name and seen[key].shape == seen[name].shape]
        mistakes = {f"this is the output of {key or 'the whole model'}": seen[key] for key in others}
        assert_close(features[name].detach(), seen[name].detach(), what=f"the feature {name!r}", mistakes=mistakes)


def test_overwritten_outputs(submission, device):
    """a feature keeps what the layer returned, when that is overwritten later"""
    model = net(device).eval()
    x = torch.randn(40, 3, device=device)
    names = ["encoder.0", "encoder.2.1"]
    tried(f"extract_features(model, x, {names}), where in-place operations follow", x=x)
    features = submission.extract_features(model, x.clone(), names)
    seen = dict(model.seen)
    for name, later in (("encoder.0", seen["encoder.1"]), ("encoder.2.1", seen["encoder.2.1"].relu())):
        assert_close(
            features[name].detach(),
            seen[name].detach(),
            what=f"the feature {name!r}",
            mistakes={"an in-place operation that came later has overwritten it; keep output.clone() for yourself, and return nothing from the hook": later.detach()},
        )


def test_nested_names_and_the_model(submission, device):
    """nested names, the model itself, and a layer that runs twice"""
    model = net(device).eval()
    x = torch.randn(6, 3, device=device)
    names = ["encoder.2.1", "shared", ""]
    tried(f"extract_features(model, x, {names})", x=x)
    features = submission.extract_features(model, x.clone(), names)
    seen = dict(model.seen)
    if "" not in features:
        fail("the empty name, the model itself, is missing", mistake="model.forward(x) skips the model's own hooks; call model(x)")
    assert set(features) == set(names), f"the keys should be {sorted(names)}, got {sorted(map(str, features))}"
    first = F.linear(seen["encoder.2.1"].relu(), model.shared.weight, model.shared.bias)
    assert_close(
        features["shared"],
        seen["shared"],
        what="the feature 'shared'",
        mistakes={"this layer runs twice, and this is its first output; keep the last": first},
    )
    assert_close(features[""], seen[""], what="the feature ''")


class Levels(nn.Module):
    """Names that begin or end like others, and a layer that returns a tuple; tokens in, float64 inside."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 3)
        self.last = nn.GRU(3, 3)
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(11)])
        self.layers.append(nn.ModuleDict({"embed": nn.Linear(3, 3)}))

    def forward(self, x):
        self.seen = {"embed": (h := self.embed(x))}
        h, _ = self.last(h)
        for i, layer in enumerate(self.layers[:-1]):
            self.seen[f"layers.{i}"] = h = layer(h)
        self.seen["layers.11.embed"] = h = self.layers[-1]["embed"](h)
        return h


@pytest.mark.parametrize("names", [("layers.0", "layers.1", "embed"), ("layers.11.embed", "layers.10")], ids=["some", "others"])
def test_names_that_look_alike(submission, device, names):
    """a name is the whole name, and the layers not asked for may return tuples"""
    model = Levels().double().to(device)
    x = torch.randint(0, 7, (6, 2), device=device)
    tried(f"extract_features(model, x, {names}), where other layers have names like layers.10 and layers.11.embed, or return a tuple", x=x)
    try:
        features = submission.extract_features(model, x, names)
    except (AttributeError, TypeError) as error:
        fail(f"{type(error).__name__}: {error}", mistake="layers that were not asked for were hooked too, and one returns a tuple", hint="hook the layers in names, and no others")
    assert set(features) == set(names), f"the keys should be {sorted(names)}, got {sorted(map(str, features))}"
    seen = {key: value.detach() for key, value in model.seen.items()}
    for name in names:
        mistakes = {f"this is the output of {key}": seen[key] for key in seen if key != name}
        assert_close(features[name].detach(), seen[name], what=f"the feature {name!r}", mistakes=mistakes, hint="compare whole names")


def test_layer_that_never_runs(submission, device):
    """a layer that does not run is left out, and the keys are those asked for"""
    model = net(device).eval()
    x = torch.randn(6, 3, device=device)
    tried("extract_features(model, x, ['unused.head', 'head'])", x=x)
    try:
        features = submission.extract_features(model, x, ["unused.head", "head"])
    except KeyError as error:
        fail(f"a layer that does not run raises KeyError: {error}", hint="only its hook would have put it into the dict")
    assert set(features) == {"head"}, f"the keys should be ['head'], since 'unused.head' does not run; got {sorted(map(str, features))}"
    tried("extract_features(model, x, [])", x=x)
    assert submission.extract_features(model, x, []) == {}, "no names should give an empty dict"


def test_features_stay_in_the_graph(submission, device):
    """a loss on a feature reaches the layers below, and the layers go on passing gradients"""
    model = net(device).eval()
    twin = copy.deepcopy(model)
    x = torch.randn(6, 3, device=device)
    twin(x.clone())
    cotangent = torch.randn(6, 4, device=device)
    tried("a backward pass through extract_features(model, x, ['encoder.0', 'shared'])['shared']", x=x)
    features = submission.extract_features(model, x.clone(), ["encoder.0", "shared"])
    if not features["shared"].requires_grad:
        fail("the feature is cut off from the graph", mistake="detach() or no_grad keeps the values alone; clone() keeps the graph too")
    below = [model.encoder[0].weight, model.shared.bias]
    expected = gradients(twin.seen["shared"], [twin.encoder[0].weight, twin.shared.bias], cotangent)
    actual = gradients(features["shared"], below, cotangent)
    if not any(bool(gradient.any()) for gradient in actual):
        fail("the feature is cut off from the graph", mistake="requires_grad_() on a detached tensor starts a graph of its own; clone() keeps the one of the model")
    if not bool(actual[0].any()):
        fail(
            "no gradient passes the layer 'encoder.0' any more",
            mistake="what a hook returns replaces the layer's output; return nothing",
        )
    for name, got, want in zip(("encoder.0.weight", "shared.bias"), actual, expected, strict=True):
        assert_close(got, want, what=f"the gradient of {name}", rtol=1e-4, atol=1e-5)
    inputs, copied = x.clone().requires_grad_(), x.clone().requires_grad_()
    twin(copied)
    tried("a backward pass to x through extract_features(model, x, ['shared'])['shared']", x=inputs)
    (want,) = gradients(twin.seen["shared"], [copied], cotangent)
    (got,) = gradients(submission.extract_features(model, inputs, ["shared"])["shared"], [inputs], cotangent)
    cut = {"x is cut off from the graph; run the model on x itself": torch.zeros_like(want)}
    assert_close(got, want, what="the gradient of x", mistakes=cut, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False], ids=["training mode", "evaluation mode"])
def test_model_is_as_before(submission, device, training):
    """the model runs once, in its own mode, and keeps its parameters"""
    model = net(device).train(training)
    model.encoder.eval()  # a mixed mode: a frozen part of a model in training
    model.encoder[2][1].train(training)
    twin = copy.deepcopy(model)
    x = torch.randn(6, 3, device=device)
    modes = {name: module.training for name, module in model.named_modules()}
    flags = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    out = twin(x.clone())
    tried(f"extract_features(model, x, names), where the model is in {'training' if training else 'evaluation'} mode", x=x)
    with unchanged(x=x):
        features = submission.extract_features(model, x, NAMES)
    assert not x.requires_grad, "x.requires_grad was turned on; x is the caller's"
    assert model.calls == 1, f"the forward pass should run once, it ran {model.calls} times"
    for name, module in model.named_modules():
        if module.training != modes[name]:
            fail(f"{name or 'the model'} was in {'training' if modes[name] else 'evaluation'} mode and is no more", hint="model.eval() is the caller's choice")
    assert_close(features[""].detach(), out.detach(), what="the feature ''", hint="the model's mode decides what BatchNorm does; leave it")
    state = model.state_dict()
    for name, value in twin.state_dict().items():
        assert_close(state[name], value, what=name)
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == flags[name], f"{name}.requires_grad was changed"


def test_hooks_are_removed(submission, device):
    """no hook is left on the model, and others' hooks stay"""
    model = net(device)
    calls = []
    handle = model.head.register_forward_hook(lambda *_: calls.append("theirs"))
    model.register_forward_hook(lambda *_: calls.append("the model's"))
    before = traces(model)
    x = torch.randn(6, 3, device=device)
    tried("extract_features(model, x, names), on a model with hooks of its own", x=x)
    submission.extract_features(model, x, NAMES)
    assert_no_trace(model, before, "after the call")
    if "the model's" not in calls:
        fail("the hook that was on the model itself before did not run", mistake="model.forward(x) skips the model's own hooks; call model(x)")
    assert calls == ["theirs", "the model's"], f"the two hooks that were there before should have run once each, they ran {len(calls)} times in all"
    handle.remove()
    model(x)
    if calls.count("theirs") > 1:
        fail("a handle that others hold no longer removes their hook", mistake="the table of hooks was replaced by a copy; remove your own hook by its handle")


def test_hooks_are_removed_when_forward_raises(submission, device):
    """no hook is left when the forward pass raises, and the exception passes through"""
    model = net(device)
    before = traces(model)
    x = torch.randn(6, 3, device=device)

    class Broken(Exception):
        pass

    def explode(*_):
        raise Broken("the third layer fails")

    handle = model.encoder[2][0].register_forward_pre_hook(explode)
    tried("extract_features(model, x, names), where a layer raises", x=x)
    try:
        submission.extract_features(model, x, NAMES)
    except Broken:
        pass
    except Exception as error:
        fail(f"the model's exception came out as {type(error).__name__}: {error}", hint="let it pass: try ... finally, without except")
    else:
        fail("the exception that a layer raised was swallowed", hint="let it pass: try ... finally, without except")
    handle.remove()
    assert_no_trace(model, before, "after a forward pass that raised")


@pytest.mark.parametrize("names", [["hed"], ["head", "encoder.0", "encoder.9"], ["head", "encoder.2.0.weight"]], ids=["one", "the last of three", "a parameter's name"])
def test_unknown_name_raises_key_error(submission, device, names):
    """an unknown name raises KeyError and leaves no hook"""
    model = net(device)
    before = traces(model)
    x = torch.randn(6, 3, device=device)
    tried(f"extract_features(model, x, {names})", x=x)
    try:
        features = submission.extract_features(model, x, names)
    except KeyError:
        pass
    except Exception as error:
        fail(f"{type(error).__name__}: {error}; it should be KeyError", hint="dict(model.named_modules())[name] raises it by itself")
    else:
        fail(f"an unknown name is accepted, the result has the keys {sorted(map(str, features))}", hint="dict(model.named_modules())[name] raises by itself")
    assert_no_trace(model, before, "after an unknown name")


def test_each_call_has_its_own_dict(submission, device):
    """a second call does not change what the first returned"""
    model = net(device).eval()
    first_x, second_x = torch.randn(6, 3, device=device), torch.randn(2, 3, device=device)
    tried("two calls of extract_features, on different inputs and names")
    first = submission.extract_features(model, first_x, ["head", "shared"])
    kept = {name: feature.detach().clone() for name, feature in first.items()}
    second = submission.extract_features(model, second_x, ["head"])
    model(second_x)
    if first is second or set(first) != set(kept) or any(first[name].shape != kept[name].shape for name in kept):
        fail("the second call changed the first one's dict", mistake="a dict made at module level, or as a default argument, lives for all calls; make it in the function")
    assert set(second) == {"head"}, f"the second call asked for 'head' alone, it got {sorted(map(str, second))}"
    assert_close({name: feature.detach() for name, feature in first.items()}, kept, what="the first result")
