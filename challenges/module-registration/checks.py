"""Hidden checks for module-registration. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import assert_close, assert_same_gradients, assert_shape, fail, tried, unchanged

SIZES = [3, 5, 4, 2]
depths = pytest.mark.parametrize("sizes", [[3, 5, 4, 2], [2, 6], [4, 3, 5, 6, 2, 3], (3, 4, 1)], ids=str)


def statistics(n):
    """Means away from zero and deviations away from one, so that leaving either out shows."""
    return (torch.rand(n) + 1) * torch.randn(n).sign(), torch.rand(n) + 1.5


def inputs(model, *shape, dtype=torch.float32):
    """Some inside the bounds, some outside, some outside of -3 and 3 as well."""
    z = 2 * torch.randn(shape, device=model.mean.device, dtype=dtype)
    return (z * model.std + model.mean).to(dtype).detach()


def build(submission, sizes=SIZES, device=None, dtype=torch.float32):
    """A model whose every tensor was changed after it was built: what forward does not read from the module shows."""
    model = submission.StandardizedMLP(sizes, *statistics(sizes[0])).to(device, dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape))
        mean, std = statistics(sizes[0])
        model.mean.copy_(mean)
        model.std.copy_(std)
        model.bounds.copy_(torch.tensor([-1.0, 0.5]))
    return model


def linears(model):
    """By name, whatever holds them: a ModuleList, a Sequential, a ModuleDict."""
    return [layer for _, layer in sorted(model.layers.named_children(), key=lambda item: int(item[0]))]


def by_hand(model, x, *, mean=None, std=None, bounds=None, scale=None, relu_last=False, relu=True, clip_first=False, eps=0.0):
    mean = model.mean if mean is None else mean
    std = model.std if std is None else std
    low, high = model.bounds if bounds is None else bounds
    if clip_first:
        x = x.clamp(low, high)
    x = (x - mean) / (std + eps)
    x = x if clip_first else x.clamp(low, high)
    layers = linears(model)
    for index, layer in enumerate(layers):
        x = F.linear(x, layer.weight, layer.bias)
        if relu and (index < len(layers) - 1 or relu_last):
            x = x.relu()
    return x * (model.scale if scale is None else scale)


def names_of(sizes, *more):
    return {f"layers.{i}.{kind}" for i in range(len(sizes) - 1) for kind in ("weight", "bias")} | set(more)


@pytest.mark.parametrize("sizes", [[3, 5, 4, 2], [2, 6], [4, 3, 3, 3, 5]], ids=str)
def test_parameters(submission, sizes):
    """parameters() holds the layers and scale, and nothing else"""
    tried(f"StandardizedMLP({sizes}, mean, std).named_parameters()")
    given = list(sizes)
    try:
        model = submission.StandardizedMLP(given, *statistics(sizes[0]))
    except AttributeError as error:
        if "Module.__init__" not in str(error):
            raise
        fail(str(error), mistake="super().__init__() comes first: it makes the place where everything is registered")
    if given != sizes:
        fail(f"the list of sizes was {sizes}, and is {given} after the call", mistake="the caller's list is consumed", hint="read sizes, and change nothing in it")
    found, wanted = {name for name, _ in model.named_parameters()}, names_of(sizes, "scale")
    held = getattr(model, "layers", None)
    if "layers.0.weight" not in found:
        if isinstance(held, list | tuple | dict):
            fail(
                "the layers are not in parameters(), so no optimizer would train them",
                mistake=f"a plain {type(held).__name__} hides its modules; use nn.ModuleList",
            )
        fail(f"layers.0.weight is not among the parameters, which are {sorted(found)}", hint="self.layers = nn.ModuleList(...) of nn.Linear")
    if "scale" not in found:
        fail("scale is not in parameters()", mistake="a plain tensor or a buffer is not trained; wrap it in nn.Parameter" if hasattr(model, "scale") else "")
    for name in ("mean", "std", "bounds"):
        if name in found:
            fail(
                f"{name} is in parameters()",
                mistake="even with requires_grad=False a parameter is handed to the optimizer and counted; what is not trained is a buffer",
            )
    if found != wanted and {name for name, _ in model.named_parameters(remove_duplicate=False)} == wanted:
        fail(f"{', '.join(sorted(wanted - found))} is the parameter of another layer", mistake="layers of the same size are one and the same module; each pair of neighbours has a layer of its own")
    assert found == wanted, f"the parameters should be {sorted(wanted)}, got {sorted(found)}"
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad, f"{name} does not require a gradient, so it would never train"
    assert_close(model.scale, torch.ones(sizes[-1]), what="scale at the start")
    for index, layer in enumerate(linears(model)):
        assert_shape(layer.weight, (sizes[index + 1], sizes[index]), what=f"layers.{index}.weight", hint="nn.Linear(sizes[i], sizes[i + 1])")


def test_buffers(submission):
    """mean, std and bounds are buffers, with the right values"""
    mean, std = statistics(3)
    tried("StandardizedMLP([3, 5, 4, 2], mean, std).named_buffers()")
    model = submission.StandardizedMLP(SIZES, mean.clone(), std.clone())
    found = dict(model.named_buffers())
    for name, value in (("mean", mean), ("std", std), ("bounds", torch.tensor([-3.0, 3.0]))):
        if name not in found:
            plain = "a plain tensor is neither saved nor moved by .to(); use register_buffer" if hasattr(model, name) else ""
            fail(f"{name} is not in buffers()", mistake=plain, hint=f'self.register_buffer("{name}", ...)')
        assert_close(found[name], value, what=name)
        assert not found[name].requires_grad, f"{name} requires a gradient; a buffer is not trained"
    assert set(found) == {"mean", "std", "bounds"}, f"the buffers should be bounds, mean and std, got {sorted(found)}"


@depths
def test_state_dict(submission, sizes):
    """the state_dict holds what is saved: all but bounds"""
    tried(f"StandardizedMLP({sizes}, mean, std).state_dict()")
    keys = set(submission.StandardizedMLP(sizes, *statistics(sizes[0])).state_dict())
    if "bounds" in keys:
        fail("bounds is in the state_dict", mistake="the code knows that constant; register it with persistent=False")
    for name in ("mean", "std"):
        if name not in keys:
            fail(f"{name} is not in the state_dict", mistake="a buffer with persistent=False moves and is not saved; a checkpoint would lose it")
    wanted = names_of(sizes, "scale", "mean", "std")
    assert keys == wanted, f"the keys should be {sorted(wanted)}, got {sorted(keys)}"


def test_statistics_are_own_copies(submission):
    """mean and std are the module's own copies"""
    mean, std = statistics(3)
    kept_mean, kept_std = mean.clone(), std.clone()
    tried("model = StandardizedMLP(sizes, mean, std), then load_state_dict")
    model = submission.StandardizedMLP(SIZES, mean, std)
    model.load_state_dict(build(submission).state_dict())
    shared = "register_buffer keeps the tensor it is given, and load_state_dict writes into it; give it a clone"
    for name, now, before in (("mean", mean, kept_mean), ("std", std, kept_std)):
        if not torch.equal(now, before):
            fail(f"load_state_dict has changed the tensor that the caller gave as {name}", mistake=shared)
    tried("mean.add_(1) and std.mul_(2) after StandardizedMLP(sizes, mean, std)")
    model = submission.StandardizedMLP(SIZES, mean, std)
    mean.add_(1)
    std.mul_(2)
    assert_close(model.mean, kept_mean, what="the model's mean", mistakes={shared: mean})
    assert_close(model.std, kept_std, what="the model's std", mistakes={shared: std})


def test_models_share_nothing(submission):
    """two models share no tensor"""
    tried("two models, of which one is changed")
    given = statistics(3)
    first, second = submission.StandardizedMLP(SIZES, *given), submission.StandardizedMLP(SIZES, *given)
    seen = {t.data_ptr(): name for name, t in [*first.named_parameters(), *first.named_buffers()]}
    for name, tensor in [*second.named_parameters(), *second.named_buffers()]:
        if tensor.data_ptr() in seen:
            fail(f"{name} is the same tensor in both models", mistake="make each tensor in __init__, not in the class or the module")
    assert not torch.equal(linears(first)[0].weight, linears(second)[0].weight), "two models start with the same weights"


@depths
def test_forward_matches_by_hand(submission, device, sizes):
    """the output follows the formula, with what the module holds now"""
    model = build(submission, sizes, device)
    x = inputs(model, 40, sizes[0])
    tried(f"StandardizedMLP({sizes}, mean, std)(x), after its tensors were changed", x=x)
    wrong = {
        "the input is not standardized with the module's mean": by_hand(model, x, mean=0),
        "the input is not divided by the module's std": by_hand(model, x, std=1),
        "the input is multiplied by std; divide by it": by_hand(model, x, std=1 / model.std),
        "the input is divided by the root of std": by_hand(model, x, std=model.std.sqrt()),
        "the input is not clipped": by_hand(model, x, bounds=(-1e9, 1e9)),
        "the clipping uses the constants -3 and 3; read self.bounds": by_hand(model, x, bounds=(-3, 3)),
        "the output is not multiplied by scale": by_hand(model, x, scale=1),
        "a ReLU follows the last layer": by_hand(model, x, relu_last=True),
        "there is no ReLU between the layers": by_hand(model, x, relu=False),
        "x is clipped before it is standardized; clip z": by_hand(model, x, clip_first=True),
        "the scale does not reach the last layer's bias": by_hand(model, x) + linears(model)[-1].bias * (1 - model.scale),
        "a last dimension of size 1 is dropped; keep it": by_hand(model, x).squeeze(-1),
        **{f"{eps:g} is added to std; the statement adds nothing": by_hand(model, x, eps=eps) for eps in (1e-3, 1e-5, 1e-6)},
    }
    mistakes = {sentence: value.detach() for sentence, value in wrong.items()}
    expected = by_hand(model, x).detach()
    assert_close(model(x.clone()), expected, mistakes=mistakes)
    tried(f"StandardizedMLP({sizes}, mean, std).eval()(x)", x=x)
    assert_close(model.eval()(x.clone()), expected, mistakes=mistakes, hint="training and evaluation compute the same")
    for shape in ((sizes[0],), (2, 3, sizes[0])):
        x = inputs(model, *shape)
        tried(f"StandardizedMLP({sizes}, mean, std)(x)", x=x)
        expected = by_hand(model, x).detach()
        assert_close(model(x.clone()), expected)


def test_to_moves_everything(submission, device):
    """.double() and .to() take every tensor along"""
    tried("StandardizedMLP(sizes, mean, std).double()")
    model = build(submission, device=device).double()
    for name in ("mean", "std", "bounds"):
        tensor = getattr(model, name)
        assert tensor.dtype == torch.float64, f"after .double() {name} is {tensor.dtype}"
    with torch.no_grad():  # tensors kept from before the move no longer follow
        model.mean.sub_(0.5)
        model.std.mul_(1.25)
        model.bounds.mul_(1.5)
    x = inputs(model, 40, 3, dtype=torch.float64)
    expected = by_hand(model, x).detach()
    tried("model.double()(x), after mean, std and bounds were changed", x=x)
    try:
        y = model(x)
    except RuntimeError as error:
        fail(f"a float64 model on a float64 input raises: {error}", hint="a tensor that is made or kept outside the module's buffers stays float32")
    hint = "something is cast to float32, or kept outside the module's buffers"
    added = {f"{eps:g} is added to std; the statement adds nothing": by_hand(model, x, eps=eps).detach() for eps in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9)}
    assert_close(y, expected, mistakes=added, hint=hint, rtol=1e-12, atol=1e-12)  # so close that a cast to float32 shows
    tried('model.to("meta"), a device without values')
    model = submission.StandardizedMLP(SIZES, *statistics(3)).to("meta")
    for name, tensor in {**{n: getattr(model, n) for n in ("mean", "std", "bounds", "scale")}, "layers.0.weight": linears(model)[0].weight}.items():
        assert tensor.device.type == "meta", f"{name} stays on {tensor.device}"
    try:
        y = model(torch.empty(7, 3, device="meta"))
    except (RuntimeError, NotImplementedError) as error:
        if "device" in str(error):
            fail(f"a model on another device raises: {error}", hint="forward should use self.mean, self.std, self.bounds; .to() has moved those")
        return  # an operation that the meta device lacks is no mistake
    assert y.device.type == "meta", f"the result is on {y.device}, the model is not"


def test_checkpoint_round_trip(submission, device):
    """a state_dict brings another model to the same outputs"""
    first = build(submission, device=device)
    second = submission.StandardizedMLP(SIZES, torch.zeros(3), torch.ones(3)).to(device)
    with torch.no_grad():
        second.bounds.copy_(first.bounds)
    x = inputs(first, 40, 3)
    second(x)  # what a first call keeps must not survive the load
    second.load_state_dict({name: tensor.clone() for name, tensor in first.state_dict().items()})
    tried("second.load_state_dict(first.state_dict()); second(x)", x=x)
    assert_close(second(x.clone()), first(x.clone()).detach(), hint="compute from the module's tensors at each call")


def test_input_is_left_alone(submission, device):
    """the caller's input is not changed"""
    model = build(submission, device=device)
    x = inputs(model, 40, 3)
    tried("model(x)", x=x)
    with unchanged(x=x, mean=model.mean, std=model.std), torch.no_grad():
        model(x)


def test_gradients_match_autograd(submission, device):
    """every parameter and the input receive the right gradients"""
    model = build(submission, device=device, dtype=torch.float64)
    x = inputs(model, 40, 3, dtype=torch.float64).requires_grad_()
    tried("a backward pass through model(x)", x=x)
    expected = by_hand(model, x)
    assert_same_gradients(model(x), expected, {**dict(model.named_parameters()), "x": x})
