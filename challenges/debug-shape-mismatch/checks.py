"""Hidden checks for debug-shape-mismatch. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from drill.checking import assert_close, assert_same_gradients, assert_shape, fail, tried, unchanged

CHANNELS_FIRST = "reshape keeps the order in memory and scrambles the pixels; an axis is moved by permute or movedim"


def halves(size):
    return (size + 1) // 2 // 2


def build(submission, device, *sizes, by_name=False):
    """A model whose every parameter is random and large enough to show."""
    call = f"Classifier(channels={sizes[0]}, height={sizes[1]}, width={sizes[2]}, hidden={sizes[3]}, classes={sizes[4]})"
    tried(call)
    if by_name:
        names = ("channels", "height", "width", "hidden", "classes")
        model = submission.Classifier(**dict(zip(names, sizes, strict=True)))
    else:
        model = submission.Classifier(*sizes)
    for name in ("conv", "gate", "head"):
        if not isinstance(getattr(model, name, None), nn.Module):
            fail(f"the layer {name} is missing; checkpoints need the names conv, gate and head")
    weight = getattr(model.head, "weight", torch.zeros(0))
    if isinstance(weight, nn.parameter.UninitializedParameter):
        fail(
            "head has no weight before the first call, so no checkpoint can be loaded",
            hint="work out in_features, or run a zero image through the layers in the constructor",
        )
    shape = weight.shape
    features = sizes[3] * halves(sizes[1]) * halves(sizes[2])
    if tuple(shape) != (sizes[4], features):
        guess = sizes[3] * (sizes[1] // 4) * (sizes[2] // 4)
        fail(
            f"head.weight should have the shape ({sizes[4]}, {features}), got {tuple(shape)}",
            mistake="size // 4 is wrong for sizes such as 7: the convolution rounds up, the pooling rounds down"
            if shape[1:] == (guess,)
            else "",
            hint="conv: (size + 2 * 1 - 3) // 2 + 1; then the pooling: // 2",
        )
    channels, _, _, hidden, classes = sizes
    needed = {
        "conv.weight": (hidden, channels, 3, 3),
        "conv.bias": (hidden,),
        "gate.weight": (hidden, hidden),
        "gate.bias": (hidden,),
        "head.weight": (classes, features),
        "head.bias": (classes,),
    }
    got = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    for name, shape in needed.items():
        if got.get(name) != shape:
            fail(
                f"the state dict should have {name} of the shape {shape}, got {got.get(name, 'none')}"
            )
    buffers = [name for name, _ in model.named_buffers()]
    more = sorted((set(got) | set(buffers)) - set(needed))
    if more and more[0] not in got:
        fail(
            f"{more[0]} is a buffer; conv, gate and head are all that the model registers",
            hint="a number that the constructor works out can be a plain attribute",
        )
    if more:
        fail(
            f"the state dict has {more[0]}, which no checkpoint has",
            mistake="a layer under a second name is saved and asked for twice"
            if more[0].endswith(("weight", "bias"))
            else "",
            hint="register conv, gate and head once each, and no other layer with parameters",
        )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    return model.to(device)


def run(model, x, advice):
    try:
        return model(x)
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        fail(
            f"an input of shape {tuple(x.shape)} raises {type(error).__name__}: {error}",
            hint=advice,
        )


def oracle(
    model, x, *, order=(0, 3, 1, 2), scramble=False, gate="channel", flatten=(0, 1, 2, 3),
    squash=torch.sigmoid, relu=torch.relu, pool=F.max_pool2d, mean="map",
):  # fmt: skip
    """The statement in functions; each keyword puts one bug in."""
    b, h, w, c = x.shape
    state = dict(model.named_parameters())
    x = x.reshape(b, c, h, w) if scramble else x.permute(order)
    x = F.conv2d(x, state["conv.weight"], state["conv.bias"], stride=2, padding=1)
    raw, x = x, relu(x)
    seen = {"map": x, "before relu": raw, "pooled": pool(x, 2)}.get(mean, x)
    summary = seen.amax(dim=(2, 3)) if mean == "largest" else seen.mean(dim=(2, 3))
    factor = squash(F.linear(summary, state["gate.weight"], state["gate.bias"]))
    if gate == "channel":
        x = x * factor[:, :, None, None]
    elif gate == "column":
        x = x * factor[:, None, None, :]
    elif gate == "one for all images":
        x = x * factor.mean(0)[:, None, None]
    x = pool(x, 2).permute(flatten).flatten(1)
    return F.linear(x, state["head.weight"], state["head.bias"])


def test_channels_are_moved_and_not_scrambled(submission, device):
    """each pixel keeps its place when the channels move to the front"""
    model = build(submission, device, 3, 8, 12, 6, 4)
    nn.init.zeros_(model.gate.weight)  # one factor everywhere, so that only the layout is looked at
    nn.init.zeros_(model.gate.bias)
    x = torch.randn(5, 8, 12, 3, device=device)
    with torch.no_grad():
        expected = oracle(model, x)
        wrong = {
            CHANNELS_FIRST: oracle(model, x, scramble=True),
            "height and width are swapped: permute(0, 3, 1, 2) is (B, C, H, W)": oracle(
                model, x, order=(0, 3, 2, 1)
            ),
            "flattened in another order than (channel, row, column)": oracle(
                model, x, flatten=(0, 2, 3, 1)
            ),
            "flattened in another order than (channel, row, column); columns come before rows": oracle(
                model, x, flatten=(0, 1, 3, 2)
            ),
            "the ReLU after conv is missing": oracle(model, x, relu=lambda value: value),
            "the average of each 2 x 2 pixels is taken, not the largest": oracle(
                model, x, pool=F.avg_pool2d
            ),
            "the gate goes through a softmax; it is a sigmoid, so channels do not compete": oracle(
                model, x, squash=lambda value: value.softmax(1)
            ),
            "the gate is not applied": oracle(model, x, gate="none"),
        }
        tried("model(x) with a gate of one half everywhere", x=x)
        with unchanged(x=x):
            logits = run(
                model,
                x,
                "follow the shapes line by line; a view needs memory in order, flatten and reshape do not",
            )
    assert_close(
        logits, expected, what="the logits", mistakes=wrong, rtol=1e-4, atol=1e-4
    )  # sums of large terms


def test_gate_scales_channels(submission, device):
    """each channel of each image has its own factor"""
    model = build(submission, device, 1, 8, 12, 6, 4)
    x = torch.randn(3, 8, 12, 1, device=device)
    with torch.no_grad():
        expected = oracle(model, x)
        wrong = {
            "the gate (B, hidden) meets the width: give it two axes at the end, gate[:, :, None, None]": oracle(
                model, x, gate="column"
            ),
            "all images share one gate": oracle(model, x, gate="one for all images"),
            "the gate looks at the map before the ReLU": oracle(model, x, mean="before relu"),
            "the gate looks at the pooled map; the mean is taken before the pooling": oracle(
                model, x, mean="pooled"
            ),
            "the gate looks at the largest value, not at the mean": oracle(
                model, x, mean="largest"
            ),
        }
        tried("model(x), where hidden equals the width after conv", x=x)
        logits = run(model, x, "a view needs memory in order, flatten and reshape do not")
    assert_close(logits, expected, what="the logits", mistakes=wrong, rtol=1e-4, atol=1e-4)
    model = build(submission, device, 1, 12, 8, 5, 4)
    x = torch.randn(3, 12, 8, 1, device=device)
    tried("model(x), where hidden equals no other size", x=x)
    with torch.no_grad():
        expected = oracle(model, x)
        logits = run(model, x, "the gate needs the shape (B, hidden, 1, 1) to scale the channels")
    assert_close(logits, expected, what="the logits", rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("batch", "classes"),
    [(1, 4), (3, 1), (1, 1)],
    ids=["batch of 1", "one class", "batch of 1 and one class"],
)
def test_shape_is_always_batch_by_classes(submission, device, batch, classes):
    """a batch of one and a single class keep their axis"""
    model = build(submission, device, 2, 8, 12, 5, classes)
    x = torch.randn(batch, 8, 12, 2, device=device)
    tried("model(x)", x=x)
    with torch.no_grad():
        logits = run(model, x, "")
    assert_shape(
        logits,
        (batch, classes),
        what="the logits",
        hint="squeeze() drops every axis of size 1, the batch's and the classes' too",
    )
    with torch.no_grad():
        assert_close(logits, oracle(model, x), what="the logits", rtol=1e-4, atol=1e-4)


def test_another_size_raises(submission, device):
    """an image of another size raises rather than changing the number of rows"""
    model = build(submission, device, 2, 8, 12, 5, 4)
    for height, width in ((16, 12), (8, 24), (4, 12)):
        x = torch.randn(2, height, width, 2, device=device)
        tried("model(x) on a model made for images of 8 x 12", x=x)
        with torch.no_grad():
            try:
                logits = model(x)
            except Exception:
                continue
        rows = tuple(getattr(logits, "shape", ()))
        fail(
            f"a batch of 2 images of {height} x {width} came back as {rows}",
            mistake="the -1 in front lets the batch axis take up what does not fit"
            if rows and rows[0] != 2
            else "the size that head was made for is no longer checked",
            hint="keep the batch: x.flatten(start_dim=1) or x.reshape(x.shape[0], -1)",
        )


def test_every_size_fits(submission, device):
    """heights and widths from 3 to 12 work, odd ones too"""
    for height, width in ((7, 9), (3, 8), (11, 4), (5, 12), (9, 7), (6, 11), (10, 3), (4, 6)):
        # Three channels: some images are as high or as wide as they have channels.
        model = build(submission, device, 3, height, width, 4, 2, by_name=height > width)
        x = torch.randn(2, height, width, 3, device=device)
        tried("model(x)", x=x)
        with torch.no_grad():
            expected = oracle(model, x)
            logits = run(model, x, "")
        assert_close(logits, expected, what="the logits", rtol=1e-4, atol=1e-4)


def test_gradients_reach_everything(submission, device):
    """input and parameters receive the right gradients, in float64"""
    model = build(submission, device, 2, 7, 8, 5, 3).double()
    x = torch.randn(3, 7, 8, 2, device=device, dtype=torch.float64, requires_grad=True)
    tried("a backward pass through model.double()(x)", x=x)
    logits = run(model, x, "nothing should be cast to one dtype")
    assert_close(logits, oracle(model, x), what="the logits")
    parameters = dict(
        sorted(model.named_parameters(), reverse=True)
    )  # head, gate, conv: nearest to the loss first
    assert_same_gradients(logits, oracle(model, x), {**parameters, "x": x})
