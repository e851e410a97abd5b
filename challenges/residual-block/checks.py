"""Hidden checks for residual-block. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from drill.checking import assert_close, assert_same_gradients, fail, tried, unchanged

blocks = pytest.mark.parametrize(
    ("inputs", "outputs", "stride"), [(4, 4, 1), (4, 6, 1), (4, 4, 2), (6, 4, 3)],
    ids=["identity", "more channels", "stride 2", "fewer channels, stride 3"],
)  # fmt: skip


def name_of(inputs, outputs, stride):
    return f"ResidualBlock({inputs}, {outputs}{'' if stride == 1 else f', stride={stride}'})"


def build(submission, inputs, outputs, stride, device, dtype=torch.float32):
    """A block with every tensor away from its start: a forgotten BatchNorm or ReLU shows."""
    block = submission.ResidualBlock(inputs, outputs, **({} if stride == 1 else {"stride": stride})).to(device, dtype)
    with torch.no_grad():
        for name, tensor in block.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 3)
            elif tensor.is_floating_point():
                tensor.copy_(torch.randn(tensor.shape) * (0.4 if tensor.ndim == 4 else 1))
    return block


def image(channels, device, dtype=torch.float32):
    return torch.randn(3, channels, 7, 10, device=device, dtype=dtype)


class ByHand:
    """The block from functions, on copies of a state, with switches for what people get wrong."""

    def __init__(self, block, inputs, outputs, stride, leaves=None):
        self.state = {name: value.detach().clone() for name, value in block.state_dict().items()} | (leaves or {})
        self.stride, self.project = stride, stride != 1 or inputs != outputs

    def norm(self, x, name, training):
        s = self.state
        if training:
            s[f"{name}.num_batches_tracked"] = s[f"{name}.num_batches_tracked"] + 1
        return F.batch_norm(
            x, s[f"{name}.running_mean"], s[f"{name}.running_var"], s[f"{name}.weight"], s[f"{name}.bias"], training
        )

    def __call__(
        self, x, training=False, *, relu_between=True, relu_before=False, relu_last=True, sign=1.0,
        shortcut=True, project_norm=True, norm1=True, norm2=True, shortcut_of_relu=False, relu_first=False,
        relu_side=False, norm2_last=False,
    ):  # fmt: skip
        s = self.state
        source = x.relu() if relu_first else x
        out = F.conv2d(source, s["conv1.weight"], None, self.stride, 1)
        out = self.norm(out, "bn1", training) if norm1 else out
        out = out.relu() if relu_between else out
        out = F.conv2d(out, s["conv2.weight"], None, 1, 1)
        out = self.norm(out, "bn2", training) if norm2 and not norm2_last else out
        side = source if shortcut_of_relu else x
        if self.project:
            side = F.conv2d(side, s["shortcut.0.weight"], None, self.stride)
            side = self.norm(side, "shortcut.1", training) if project_norm else side
        out = out.relu() if relu_before else out
        side = side.relu() if relu_side else side
        out = out + sign * side if shortcut else out
        out = self.norm(out, "bn2", training) if norm2_last else out
        return out.relu() if relu_last else out

    def mistakes(self, x):
        with torch.no_grad():
            wrong = {
                "the shortcut is never added": self(x, shortcut=False),
                "the ReLU comes before the sum; it belongs after it": self(x, relu_before=True, relu_last=False),
                "one ReLU before the sum is too many": self(x, relu_before=True),
                "the ReLU after the sum is missing": self(x, relu_last=False),
                "the ReLU between the convolutions is missing": self(x, relu_between=False),
                "the shortcut goes through a ReLU of its own": self(x, relu_side=True),
                "the shortcut is added before bn2; it belongs after it": self(x, norm2_last=True),
                "the shortcut is subtracted": self(x, sign=-1),
                "bn1 is never applied": self(x, norm1=False),
                "bn2 is never applied": self(x, norm2=False),
                "the input goes through a ReLU first": self(x, relu_first=True),
                "the input and its shortcut go through a ReLU first": self(x, relu_first=True, shortcut_of_relu=True),
            }
            if self.project:
                wrong["the projection's BatchNorm is never applied"] = self(x, project_norm=False)
        return wrong


@blocks
def test_layers_are_registered(submission, inputs, outputs, stride):
    """the block has the layers that the statement names, and no others"""
    tried(f"{name_of(inputs, outputs, stride)}.state_dict()")
    block = submission.ResidualBlock(inputs, outputs, *([] if stride == 1 else [stride]))
    shapes = {"conv1.weight": (outputs, inputs, 3, 3), "conv2.weight": (outputs, outputs, 3, 3)}
    norms = ["bn1", "bn2"]
    if stride != 1 or inputs != outputs:
        shapes["shortcut.0.weight"] = (outputs, inputs, 1, 1)
        norms.append("shortcut.1")
    for norm in norms:
        shapes |= {f"{norm}.{name}": tuple(value.shape) for name, value in nn.BatchNorm2d(outputs).state_dict().items()}
    found = {name: tuple(value.shape) for name, value in block.state_dict().items()}
    for name, shape in shapes.items():
        if name not in found:
            identity = name.startswith("shortcut.0")
            fail(
                f"{name} is not in the state_dict, which has {sorted(found)}",
                mistake="where the stride or the channels change, x does not fit the sum and the shortcut has to project it" if identity else "",
            )
        assert found[name] == shape, f"{name} should have the shape {shape}, got {found[name]}"
    extra = sorted(set(found) - set(shapes))
    if extra:
        mistake = ""
        if any(name.startswith("shortcut") for name in extra) and len(norms) == 2:
            mistake = "where the shapes agree the shortcut is the identity, without parameters"
        elif any(name.startswith(("conv", "shortcut.0")) and name.endswith("bias") for name in extra):
            mistake = "a convolution's bias does nothing before a BatchNorm, which subtracts the mean; bias=False"
        fail(f"the state_dict has {extra} too", mistake=mistake)
    parameters = dict(block.named_parameters())
    for name in shapes:
        if name.endswith(("weight", "bias")) and name not in parameters:
            fail(f"{name} is no parameter of its own", mistake="is one layer used under two names? Each has its own weights")
        if name in parameters:
            assert parameters[name].requires_grad, f"{name} does not require a gradient, so it would never train"


@blocks
def test_norms_start_as_they_come(submission, inputs, outputs, stride):
    """each BatchNorm starts as nn.BatchNorm2d does"""
    tried(f"{name_of(inputs, outputs, stride)}.state_dict()")
    state = submission.ResidualBlock(inputs, outputs, *([] if stride == 1 else [stride])).state_dict()
    for norm in ("bn1", "bn2", "shortcut.1"):
        for name, start in nn.BatchNorm2d(outputs).state_dict().items():
            if f"{norm}.{name}" in state:
                assert_close(
                    state[f"{norm}.{name}"],
                    start,
                    what=f"{norm}.{name} at the start",
                    mistakes={"this is the zero start of a residual branch; here each nn.BatchNorm2d is as it comes": torch.zeros_like(start)},
                )


@blocks
def test_evaluation_matches_by_hand(submission, device, inputs, outputs, stride):
    """in evaluation mode the output follows the formula"""
    block = build(submission, inputs, outputs, stride, device).eval()
    by_hand = ByHand(block, inputs, outputs, stride)
    x = image(inputs, device)
    expected, mistakes = by_hand(x), by_hand.mistakes(x)
    tried(f"{name_of(inputs, outputs, stride)}.eval()(x)", x=x)
    y = block(x.clone())
    # Sums of about 50 products, scaled by weights of their own, twice over.
    assert_close(y.detach(), expected, mistakes=mistakes, hint="relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))", rtol=1e-4, atol=1e-4)
    x = torch.randn(2, inputs, 1, 1, device=device)
    expected, without = by_hand(x), {}
    if inputs == outputs and stride != 1:
        by_hand.project = False
        without["x itself is added, since its shape happens to agree; whether to project is decided by stride and channels"] = by_hand(x)
    tried(f"{name_of(inputs, outputs, stride)}.eval()(x)", x=x)
    assert_close(block(x.clone()).detach(), expected, mistakes=without, rtol=1e-4, atol=1e-4)


@blocks
def test_training_matches_by_hand(submission, device, inputs, outputs, stride):
    """in training mode each BatchNorm sees its own batch, once"""
    block = build(submission, inputs, outputs, stride, device).train()
    by_hand = ByHand(block, inputs, outputs, stride)
    x = image(inputs, device)
    expected = by_hand(x, training=True)
    tried(f"{name_of(inputs, outputs, stride)}(x), training mode", x=x)
    assert_close(block(x.clone()).detach(), expected, rtol=1e-4, atol=1e-4)
    for name, value in block.state_dict().items():
        if "running" in name or "num_batches" in name:
            assert_close(value, by_hand.state[name], what=name, hint="each layer runs once a call", rtol=1e-4, atol=1e-4)


@blocks
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_input_is_left_alone(submission, device, inputs, outputs, stride, mode):
    """the caller's input is not changed"""
    block = build(submission, inputs, outputs, stride, device)
    getattr(block, mode)()
    x = image(inputs, device)
    tried(f"{name_of(inputs, outputs, stride)}(x), {mode} mode", x=x)
    with unchanged(x=x), torch.no_grad():
        block(x)


@blocks
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_gradients_match_autograd(submission, device, inputs, outputs, stride, mode):
    """the input and every parameter receive the right gradients"""
    block = build(submission, inputs, outputs, stride, device, torch.float64)
    getattr(block, mode)()
    leaves = {name: p.detach().clone().requires_grad_() for name, p in block.named_parameters()}
    by_hand = ByHand(block, inputs, outputs, stride, leaves)
    x = image(inputs, device, torch.float64).requires_grad_()
    tried(f"a backward pass through {name_of(inputs, outputs, stride)}(x), {mode} mode", x=x)
    expected = by_hand(x, training=mode == "train")
    assert_same_gradients(
        block(x),
        expected,
        {**dict(block.named_parameters()), "x": x},
        expected_inputs={**leaves, "x": x},
    )
