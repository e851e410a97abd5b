"""Hidden checks for device-agnostic. A check's docstring is the line the learner sees."""

from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn

from drill.checking import assert_close, assert_shape, fail, tried, unchanged

Pair = namedtuple("Pair", ["x", "y"])


@pytest.fixture(params=["meta", "given device"])
def target(request, device):
    """A device that is not the CPU, and the one the checks run on."""
    return torch.device("meta") if request.param == "meta" else device


def moved(submission, batch, device, what):
    tried(f"to_device({what}, {str(device)!r})")
    try:
        return submission.to_device(batch, device)
    except RecursionError:
        fail(
            "the recursion never ends",
            hint="each character of a string is a string again: only dicts, lists and tuples are containers",
        )


def test_tensors_are_moved(submission, target):
    """every tensor is moved, at any depth"""
    x = torch.arange(6).view(2, 3)
    batches = {
        "x": (x, lambda b: b),
        "{'x': x}": ({"x": x}, lambda b: b["x"]),
        "[x, 1]": ([x, 1], lambda b: b[0]),
        "(1, x)": ((1, x), lambda b: b[1]),
        "{'a': [(1, {'b': x})]}": ({"a": [(1, {"b": x})]}, lambda b: b["a"][0][1]["b"]),
        "{'name': 'abc', 'x': x}": ({"name": "abc", "x": x}, lambda b: b["x"]),
    }
    for what, (batch, take) in batches.items():
        got = take(moved(submission, batch, target, what))
        assert isinstance(got, torch.Tensor), (
            f"x should come back as a tensor, got a {type(got).__name__}"
        )
        if got.device.type != target.type:
            fail(
                f"x is on {got.device}, expected {target}",
                hint="Tensor.to returns the moved tensor and leaves x itself; the device is the argument, not what "
                "torch.cuda.is_available() says; tensors in a tuple or deeper down count too",
            )
        if target.type == "cpu":
            assert_close(got, torch.arange(6).view(2, 3))
        assert got.dtype == torch.int64 and got.shape == (2, 3), (
            "the dtype or the shape of x changed on the way"
        )
    for dtype in (torch.float64, torch.float16, torch.bool):
        x = torch.ones((), dtype=dtype)
        got = moved(submission, (x, 5), target, f"(x, 5), where x is a scalar of {dtype}")[0]
        assert got.device.type == target.type, f"a scalar tensor is on {got.device}, not {target}"
        assert got.dtype == dtype, (
            f"x of {dtype} comes back as {got.dtype}; only the device changes"
        )


@pytest.mark.parametrize("form", [str, torch.device], ids=["a string", "a torch.device"])
def test_containers_keep_their_type(submission, form):
    """each container comes back as what it was"""
    x = torch.ones(2)
    device = form("meta")
    got = moved(
        submission,
        {"b": [x], 3: (x, 4), None: (), "a": {}, "n": None},
        device,
        "{'b': [x], 3: (x, 4), None: (), 'a': {}, 'n': None}",
    )
    assert isinstance(got, dict), f"a dict should come back as a dict, got a {type(got).__name__}"
    keys = ["b", 3, None, "a", "n"]
    assert list(got) == keys, f"the keys should be {keys}, in this order, got {list(got)}"
    for key, kind, length in (("b", list, 1), (3, tuple, 2), (None, tuple, 0), ("a", dict, 0)):
        assert type(got[key]) is kind, (
            f"[{key!r}] should be a {kind.__name__}, got a {type(got[key]).__name__}"
        )
        assert len(got[key]) == length, f"[{key!r}] should have {length} items, got {len(got[key])}"
    try:
        pair = moved(submission, [Pair(x, "label")], device, "[Pair(x, 'label')], a namedtuple")[0]
    except TypeError as error:
        fail(
            f"a namedtuple raises TypeError: {error}",
            hint="a namedtuple takes its fields one by one: type(batch)(*fields)",
        )
    assert type(pair) is Pair, (
        f"the namedtuple Pair should come back as a Pair, got a {type(pair).__name__}"
    )
    assert pair.x.device.type == "meta" and pair.y == "label", (
        "the fields of the namedtuple are mixed up or not moved"
    )
    pair = moved(submission, Pair([x], {"deep": x}), device, "Pair([x], {'deep': x})")
    deep = (pair.x[0].device.type, pair.y["deep"].device.type)
    assert deep == ("meta", "meta"), "a list or a dict in a namedtuple is not moved"


class Movable:
    """An object with a method `to` of its own, and no tensor."""

    def to(self, device):
        return Movable()


def test_everything_else_is_the_same_object(submission):
    """what is no tensor and no container is handed on untouched"""
    others = [
        "name",
        3,
        2.5,
        None,
        True,
        np.ones(3),
        {1, 2},
        object(),
        range(3),
        b"bytes",
        torch.float32,
        nn.ReLU(),
        Movable(),
    ]
    for other in others:
        what = f"[{type(other).__name__}]"
        try:
            got = moved(submission, [other], "meta", what)[0]
        except (TypeError, AttributeError, ValueError) as error:
            fail(
                f"[{other!r:.40}] raises {type(error).__name__}: {error}",
                hint="only dicts, lists and tuples are containers; anything else is handed on",
            )
        if isinstance(other, np.ndarray) and isinstance(got, torch.Tensor):
            fail("an array became a tensor; only tensors are moved")
        if got is not other:
            fail(
                f"the {type(other).__name__} should be handed on as the same object, got {got!r}",
                hint="ask for isinstance(batch, torch.Tensor), not for a method: other objects have a `to` of their own",
            )


def test_batch_is_left_alone(submission):
    """the caller's containers are not changed"""
    x = torch.ones(2)
    batch = {"x": x, "list": [x, {"deep": x}]}
    moved(submission, batch, "meta", "{'x': x, 'list': [x, {'deep': x}]}")
    same = batch["x"] is x and batch["list"][0] is x and batch["list"][1]["deep"] is x
    if not same:
        fail(
            "the caller's batch holds the moved tensors now",
            hint="build a new dict or list; do not write into the old one",
        )


def test_gradients_flow_through_the_move(submission, device):
    """gradients flow through to_device"""
    w = torch.ones(3, requires_grad=True)
    got = moved(submission, [w * 2], device, "[w * 2]")[0]
    if not got.requires_grad:
        fail("the moved tensor is cut off from the graph", hint="look for .data, detach or no_grad")
    got.sum().backward()
    assert_close(w.grad, torch.full((3,), 2.0), what="the gradient of w")


class Nested(nn.Module):
    def __init__(self, device):
        super().__init__()
        self.inner = nn.Sequential(nn.ReLU(), nn.Linear(2, 3, device=device))


class BuffersOnly(nn.Module):
    def __init__(self, device):
        super().__init__()
        self.inner = nn.BatchNorm1d(3, affine=False, device=device)


def test_device_of(submission, target):
    """device_of finds the device of parameters or buffers"""
    models = {
        "nn.Linear(2, 3)": nn.Linear(2, 3, device=target),
        "a model with a layer inside": Nested(target),
        "a model with buffers only": BuffersOnly(target),
        "a frozen nn.Linear(2, 3)": nn.Linear(2, 3, device=target).requires_grad_(False),
        "a model whose one buffer is not saved": nn.Module(),
    }
    models["a model whose one buffer is not saved"].register_buffer(
        "table", torch.ones(2, device=target), persistent=False
    )
    for what, model in models.items():
        tried(f"device_of({what} on {target})")
        try:
            got = submission.device_of(model)
        except StopIteration:
            fail(
                "it raises StopIteration",
                hint="next(...) of nothing raises StopIteration; buffers have a device as well",
            )
        assert isinstance(got, torch.device), f"the result should be a torch.device, got {got!r}"
        assert got.type == target.type, f"the result is {got}, expected {target}"
    tried("device_of(nn.ReLU())")
    try:
        got = submission.device_of(nn.ReLU())
    except Exception as error:
        fail(
            f"a model with neither parameters nor buffers raises {type(error).__name__}: {error}",
            hint="the CPU is the answer then",
        )
    assert got == torch.device("cpu"), (
        f"a model with neither parameters nor buffers counts as on the CPU, got {got!r}"
    )
    tried("device_of(nn.ReLU()), where the default device is meta")
    with torch.device("meta"):
        got = submission.device_of(nn.ReLU())
    assert got == torch.device("cpu"), (
        f"a model with neither parameters nor buffers counts as on the CPU, whatever the default device, got {got!r}"
    )


def standardize(submission):
    return submission.Standardize(torch.tensor([1.0, -2.0, 3.0]), torch.tensor([0.125, 2.0, 4.0]))


def test_standardize_values(submission, device):
    """Standardize computes (x - mean) / std"""
    layer = standardize(submission).to(device)
    mean, std = (
        torch.tensor([1.0, -2.0, 3.0], device=device),
        torch.tensor([0.125, 2.0, 4.0], device=device),
    )
    for shape in ((4, 3), (3,), (2, 5, 3)):
        x = torch.randn(shape, device=device)
        tried("Standardize(mean, std)(x)", x=x)
        expected = (x - mean) / std
        with unchanged(x=x):
            got = layer(x)
        assert_close(
            got,
            expected,
            mistakes={
                "1e-6 is added to std; divide by std itself": (x - mean) / (std + 1e-6),
                "1e-5 is added to std; divide by std itself": (x - mean) / (std + 1e-5),
                "it is multiplied by std, not divided": (x - mean) * std,
                "the mean is subtracted after the division, not before the division": x / std
                - mean,
            },
        )


def test_standardize_moves_with_the_model(submission):
    """mean and std move with .to() and follow .double()"""
    model = nn.Sequential(standardize(submission)).to("meta")
    tried("nn.Sequential(Standardize(mean, std)).to('meta')")
    for name in ("mean", "std"):
        value = getattr(model[0], name)
        if not isinstance(value, torch.Tensor) or value.device.type != "meta":
            fail(
                f"{name} stays behind when the model is moved",
                mistake="a tensor that is a plain attribute is not moved by .to()",
                hint=f"self.register_buffer({name!r}, {name})",
            )
    layer, x = standardize(submission), torch.randn(2, 3)
    expected = (x - layer.mean) / layer.std
    tried("Standardize(mean, std)(x) on the CPU, and the default device is another", x=x)
    with torch.device("meta"):  # computing on meta itself would import SymPy first
        got = layer(x)
    assert_close(got, expected, hint="forward makes no tensor on a device of its own choice")
    x = torch.randn(2, 3, dtype=torch.float64)
    tried("Standardize(mean, std).double()(x)", x=x)
    expected = (x - torch.tensor([1.0, -2.0, 3.0]).double()) / torch.tensor(
        [0.125, 2.0, 4.0]
    ).double()
    assert_close(standardize(submission).double()(x), expected)


def test_standardize_is_saved_and_not_trained(submission):
    """mean and std are in state_dict and not among the parameters"""
    layer = standardize(submission)
    tried("Standardize(mean, std)")
    trained = [name for name, _ in layer.named_parameters()]
    assert not trained, (
        f"{trained} are parameters and would be trained; register_buffer keeps a tensor that is not"
    )
    saved = set(layer.state_dict())
    assert saved == {"mean", "std"}, (
        f"state_dict() should hold mean and std, it holds {sorted(saved)}"
    )
    other = submission.Standardize(torch.zeros(3), torch.ones(3))
    other.load_state_dict(layer.state_dict())
    x = torch.randn(2, 3)
    tried("loading the state_dict of one Standardize into another")
    assert_close(
        other(x),
        layer(x),
        hint="compute from self.mean and self.std in forward; what the constructor works out from them is not loaded",
    )


def test_standardize_passes_gradients(submission, device):
    """the gradient reaches x, and float64 statistics stay float64"""
    mean = torch.tensor([0.1, -0.7, 0.3], dtype=torch.float64, device=device)
    x = torch.randn(2, 3, dtype=torch.float64, device=device, requires_grad=True)
    tried("Standardize(mean, std)(x), where all are float64", x=x)
    y = submission.Standardize(mean, mean + 1).to(device)(x)
    # 1e-12: a mean that went through float32 is off by 1e-8
    assert_close(
        y,
        (x - mean) / (mean + 1),
        hint="mean and std keep the dtype that they have",
        rtol=1e-12,
        atol=1e-12,
    )
    assert y.requires_grad, "the result is cut off from the graph, so no gradient reaches x"


class Model(nn.Module):
    """Takes a batch as its one argument."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2, bias=False)  # adding on meta would import SymPy first

    def forward(self, batch):
        return {"y": self.linear(batch["x"]), "name": batch["name"]}


def test_predict_moves_the_batch(submission, target):
    """predict runs the model on its own device and leaves it there"""
    model = Model()
    x = torch.randn(4, 3)
    expected = model({"x": x, "name": "n"})["y"].detach()
    model = model.to(target)
    tried(
        f"predict(model, {{'x': x, 'name': 'n'}}), where the model is on {target} and x on the CPU"
    )
    try:
        got = submission.predict(model, {"x": x, "name": "n"})
    except NotImplementedError as error:
        fail(
            f"it raises {type(error).__name__}: {error}",
            hint="the model stays where it is; move the batch",
        )
    except RuntimeError as error:
        fail(f"it raises RuntimeError: {error}", hint="the batch has to be on the model's device")
    assert isinstance(got, dict) and got.get("name") == "n", (
        f"what the model returns should be returned, got {got!r}"
    )
    assert got["y"].device.type == target.type, (
        f"the result is on {got['y'].device}, expected the model's device {target}"
    )
    assert model.linear.weight.device.type == target.type, (
        "the model was moved; the batch goes to the model"
    )
    if target.type != "meta":
        # 1e-4: a GPU may compute its products in TF32
        assert_close(got["y"].cpu(), expected, rtol=1e-4, atol=1e-4)
    assert x.device.type == "cpu", "the caller's x was moved"


def test_predict_calls_any_model(submission, target):
    """predict takes any batch, and any model, with or without parameters"""
    x = torch.randn(4, 3)
    linear = nn.Linear(3, 2, bias=False, device=target)
    called = []
    linear.register_forward_hook(lambda *_: called.append(True))
    tried(f"predict(nn.Linear(3, 2), x), where the model is on {target} and x on the CPU", x=x)
    got = submission.predict(linear, x)
    assert linear.weight.device.type == target.type, (
        "the model was moved; the batch goes to the model"
    )
    assert got.device.type == target.type, f"the result is on {got.device}, expected {target}"
    assert called, "the hooks of the model did not run; call model(batch), not model.forward(batch)"
    tried("predict(nn.Identity(), [x, 'name'])", x=x)
    try:
        got = submission.predict(nn.Identity(), [x, "name"])
    except (StopIteration, TypeError) as error:
        fail(
            f"it raises {type(error).__name__}: {error}",
            hint="a model without parameters works on the CPU; the batch is one argument, whatever it is",
        )
    assert type(got) is list and len(got) == 2 and torch.equal(got[0].cpu(), x), (
        f"what the model returns should be returned, got a {type(got).__name__}"
    )


def test_predict_only_calls(submission, device):
    """predict returns the model's result as it is, with its graph, and leaves the mode alone"""
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)).to(device)
    x = torch.randn(40, 3)
    for training in (False, True):
        model.train(training)
        mode = "training" if training else "eval"
        tried(f"predict(model, x), where the model is in {mode} mode and holds a dropout", x=x)
        logits = model[0](x.to(device)).detach()
        got = submission.predict(model, x)
        assert_shape(got, (40, 2), hint="return what the model returns")
        if not got.requires_grad:
            fail(
                "the result is cut off from the graph, so nothing can be trained through predict",
                hint="no no_grad, inference_mode or detach here: whether a graph is wanted is the caller's choice",
            )
        modes = {module.training for module in model.modules()}
        assert modes == {training}, (
            "the mode of the model was changed; call neither eval() nor train()"
        )
        if training:
            assert bool((got == 0).any()), (
                "the model came in training mode and ran in eval mode: its dropout dropped nothing"
            )
        else:
            # 1e-4: a GPU may compute its products in TF32
            assert_close(
                got, logits, rtol=1e-4, atol=1e-4,
                mistakes={"softmax is applied to what the model returns": logits.softmax(-1)},
            )  # fmt: skip
