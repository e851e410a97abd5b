"""Hidden checks for simple-mlp. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import assert_close, assert_same_gradients, fail, tried, unchanged

SHAPES = {
    "fc1.weight": (5, 3), "fc1.bias": (5,),
    "fc2.weight": (2, 5), "fc2.bias": (2,),
}  # fmt: skip


def model_of(submission, device, dtype=torch.float32):
    """3 in, 5 hidden, 2 out, with weights that leave about half of the hidden units below zero."""
    model = submission.SimpleMLP(3, 5, 2).to(device, dtype)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


def expected_output(model, x, activation=F.relu):
    state = dict(model.named_parameters())
    hidden = activation(F.linear(x, state["fc1.weight"], state["fc1.bias"]))
    return F.linear(hidden, state["fc2.weight"], state["fc2.bias"])


def test_layers_are_registered(submission):
    """the model has the parameters of fc1 and fc2"""
    tried("SimpleMLP(3, 5, 2)")
    try:
        model = submission.SimpleMLP(3, 5, 2)
    except AttributeError as error:
        if "before Module.__init__" not in str(error):
            raise
        fail(str(error), mistake="super().__init__() comes first: it makes the place where layers are registered")
    state = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    parameters = dict(model.named_parameters())
    for name, shape in SHAPES.items():
        if name not in state:
            layer = name.partition(".")[0]
            hidden = hasattr(model, layer) or any(isinstance(value, list | dict | tuple) for value in vars(model).values() if value)
            fail(
                f"{name} is not in the state_dict, which has {sorted(state)}",
                mistake="a layer in a plain list or dict is not registered" if hidden and not state else "",
                hint=f"self.{layer} = nn.Linear(...) in __init__, with its bias",
            )
        if state[name] != shape:
            fail(f"{name} of SimpleMLP(3, 5, 2) should have the shape {shape}, got {state[name]}", hint="nn.Linear(in, out) keeps its weight as (out, in)")
        assert name in parameters, f"{name} is no parameter, so no optimizer would train it"
        assert parameters[name].requires_grad, f"{name} does not require a gradient, so it would never train"
    extra = sorted(set(state) - set(SHAPES))
    assert not extra, f"the state_dict should hold fc1 and fc2 alone, it has {extra} too"


def test_layers_start_as_nn_linear_does(submission):
    """the layers start at random values, as nn.Linear does"""
    tried("SimpleMLP(100, 400, 50), twice")
    model, other = submission.SimpleMLP(100, 400, 50), submission.SimpleMLP(100, 400, 50)
    if torch.equal(model.fc1.weight, other.fc1.weight):
        fail(
            "two models start with the same weights",
            mistake="is there a torch.manual_seed, a constant start or a layer shared by the class?",
        )
    for name, parameter in model.named_parameters():
        # nn.Linear draws from U(-1 / sqrt(in), 1 / sqrt(in)), the bias as well.
        bound = (100 if name.startswith("fc1") else 400) ** -0.5
        largest = parameter.detach().abs().max().item()
        assert 0.7 * bound < largest <= bound, f"{name} should start from U(-{bound:.3g}, {bound:.3g}) as nn.Linear does, its largest value is {largest:.3g}"


def test_forward_matches_by_hand(submission, device):
    """the output is fc2(relu(fc1(x)))"""
    model = model_of(submission, device)
    x = torch.randn(6, 3, device=device)
    tried("model(x)", x=x)
    logits = expected_output(model, x).detach()
    activations = {
        "there is no activation between the layers, so the two are one linear map": lambda h: h,
        "the activation is sigmoid; it should be ReLU": torch.sigmoid,
        "the activation is tanh; it should be ReLU": torch.tanh,
        "the activation is GELU; it should be ReLU": F.gelu,
        "the activation is LeakyReLU; it should be ReLU": F.leaky_relu,
    }
    mistakes = {sentence: expected_output(model, x, activation).detach() for sentence, activation in activations.items()}
    mistakes |= {
        "a ReLU follows fc2; the logits may be negative": logits.relu(),
        "a softmax follows fc2; return the logits, the loss takes the softmax": logits.softmax(-1),
        "a log_softmax follows fc2; return the logits, the loss takes it": logits.log_softmax(-1),
        "a sigmoid follows fc2; return the logits": logits.sigmoid(),
        "the ReLU is applied to the input, not to the hidden layer": expected_output(model, x.relu(), lambda h: h).detach(),
    }
    y = model(x.clone())
    if isinstance(y, tuple):
        fail("the result should be the logits alone, got a tuple")
    assert_close(y, logits, mistakes=mistakes, hint="fc1, then ReLU, then fc2")


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_modes_compute_the_same(submission, device, mode):
    """training and evaluation mode compute the same, at each call"""
    model = model_of(submission, device)
    getattr(model, mode)()
    x = 3 * torch.randn(40, 3, device=device)
    expected = expected_output(model, x).detach()
    tried(f"model.{mode}()(x), twice", x=x)
    for _ in range(2):
        assert_close(
            model(x.clone()),
            expected,
            mistakes={"the model gives probabilities here; return the logits in both modes and take the softmax outside the model": expected.softmax(-1)},
            hint="no dropout and no normalisation here",
        )


@pytest.mark.parametrize("shape", [(3,), (1, 3), (2, 4, 3), (0, 3)], ids=["vector", "batch of 1", "3-D", "empty batch"])
def test_leading_dimensions_are_kept(submission, device, shape):
    """inputs of any rank work"""
    model = model_of(submission, device)
    x = torch.randn(shape, device=device)
    expected = expected_output(model, x).detach()
    tried("model(x)", x=x)
    try:
        y = model(x.clone())
    except (RuntimeError, IndexError, ValueError) as error:
        fail(f"an input of shape {shape} raises {type(error).__name__}: {error}", hint="nn.Linear takes any number of leading dimensions; nothing needs to be flattened")
    assert_close(y, expected)


@pytest.mark.parametrize("sizes", [(4, 4, 4), (3, 1, 1), (1, 6, 3)], ids=str)
def test_other_sizes(submission, device, sizes):
    """sizes that agree, and sizes of one"""
    names = ("input_size", "hidden_size", "output_size")
    text = ", ".join(f"{name}={size}" for name, size in zip(names, sizes, strict=True))
    tried(f"SimpleMLP({text})")
    try:
        model = submission.SimpleMLP(**dict(zip(names, sizes, strict=True))).to(device)
    except TypeError as error:
        if "keyword" not in str(error):
            raise
        fail(f"SimpleMLP({text}) raises TypeError: {error}", hint="keep the names of the statement: input_size, hidden_size, output_size")
    shapes = {"fc1.weight": (sizes[1], sizes[0]), "fc1.bias": sizes[1:2], "fc2.weight": (sizes[2], sizes[1]), "fc2.bias": sizes[2:]}
    found = {name: tuple(value.shape) for name, value in model.named_parameters()}
    if set(found) < set(shapes):
        fail(f"the parameters are {sorted(found)}", mistake="fc1 and fc2 are one and the same layer; each has weights of its own, also where the sizes agree")
    assert found == shapes, f"the parameters should have the shapes {shapes}, got {found}"
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(6, sizes[0], device=device)
    expected = expected_output(model, x).detach()
    tried(f"SimpleMLP({text})(x)", x=x)
    mistakes = {"x is added to the output": expected + x} if sizes[0] == sizes[2] else {}
    mistakes |= {
        "the last dimension is dropped where it is 1; keep it": expected.squeeze(-1),
        "a sigmoid follows fc2; return the logits": expected.sigmoid(),
    }
    assert_close(model(x.clone()), expected, mistakes=mistakes)


def test_input_is_left_alone(submission, device):
    """the caller's input is not changed"""
    model = model_of(submission, device)
    x = torch.randn(6, 3, device=device)
    tried("model(x)", x=x)
    with unchanged(x=x), torch.no_grad():
        model(x)


def test_gradients_match_autograd(submission, device):
    """the input and all four parameters receive the right gradients"""
    model = model_of(submission, device, torch.float64)
    x = torch.randn(6, 3, device=device, dtype=torch.float64, requires_grad=True)
    leaves = {**dict(model.named_parameters()), "x": x}
    tried("a backward pass through model.double()(x)", x=x)
    y = model(x)
    assert y.dtype == torch.float64, f"a float64 model on a float64 input gives {y.dtype}"
    assert_same_gradients(y, expected_output(model, x), leaves)
