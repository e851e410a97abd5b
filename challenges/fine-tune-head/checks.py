"""Hidden checks for fine-tune-head. A check's docstring is the line the learner sees."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from drill.checking import assert_close, assert_shape, fail, tried


class Gate(nn.Module):
    """A part of the backbone that has an fc as well."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(6, 6)

    def forward(self, x):
        return x * torch.sigmoid(self.fc(x))


class Net(nn.Module):
    """Its backbone has BatchNorm, names like the head's, a parameter in no layer, and one in two layers."""

    def __init__(self):
        super().__init__()
        self.fc_in = nn.Linear(4, 6)
        self.shift = nn.Parameter(torch.randn(4))
        self.echo = nn.Linear(4, 6)
        self.echo.weight = self.fc_in.weight
        self.blocks = nn.Sequential(nn.BatchNorm1d(6), Gate(), nn.Linear(6, 5))
        self.fc = nn.Linear(5, 10)

    def forward(self, x):  # (B, 4) -> (B, classes)
        return self.fc(self.blocks(self.fc_in(x + self.shift) + self.echo(x).relu()))


@pytest.fixture
def model(device):
    return Net().to(device, torch.float64)


HEAD = ("fc.weight", "fc.bias")


def backbone(model):
    return {name: parameter for name, parameter in model.named_parameters() if name not in HEAD}


def names_of(model, parameters):
    """What the model calls these parameters, unknown ones as such."""
    known = {id(parameter): name for name, parameter in model.named_parameters()}
    return [
        known.get(id(parameter), "a parameter the model does not have") for parameter in parameters
    ]


def batch(device, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    return x.to(device), torch.randint(0, 3, (7,), generator=generator).to(device)


def train(model, optimizer, device, steps, start=0):
    for i in range(start, start + steps):
        x, y = batch(device, i)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def test_head_is_replaced(submission, model):
    """model.fc is a new Linear with num_classes outputs"""
    old, dtype, place = model.fc, model.fc.weight.dtype, model.fc.weight.device
    tried("start_fine_tuning(model, 3, head_lr=0.1), where model.fc is Linear(5, 10) in float64")
    submission.start_fine_tuning(model, 3, 0.1)
    assert isinstance(model.fc, nn.Linear), (
        f"model.fc should be an nn.Linear, got a {type(model.fc).__name__}"
    )
    assert_shape(
        model.fc.weight,
        (3, 5),
        what="model.fc.weight",
        hint="nn.Linear(old.in_features, num_classes)",
    )
    assert model.fc.bias is not None, "model.fc should have a bias"
    assert (model.fc.in_features, model.fc.out_features) == (5, 3), (
        f"model.fc says in_features={model.fc.in_features} and out_features={model.fc.out_features}, expected 5 and 3"
    )
    weight = model.fc.weight.detach()
    if weight.dtype != dtype or weight.device != place:
        fail(
            f"model.fc is {weight.dtype} on {weight.device}, the old one was {dtype} on {place}",
            mistake="a new layer starts as float32 on the CPU, wherever the model is",
            hint="nn.Linear(..., device=old.weight.device, dtype=old.weight.dtype)",
        )
    if not all(torch.isfinite(parameter).all() for parameter in model.fc.parameters()):
        fail(
            "model.fc holds values that are not finite",
            mistake="torch.empty gives memory that was never initialised",
            hint="leave nn.Linear's own initialisation as it is",
        )
    if torch.equal(weight, old.weight[:3].detach()):
        fail("the new head starts at rows of the old one, which stand for other classes")
    if torch.equal(model.fc.bias, old.bias[:3]):
        fail("the new head starts at biases of the old one, which stand for other classes")
    other = copy.deepcopy(model)
    other.fc = old
    submission.start_fine_tuning(other, 3, 0.1)
    if weight.unique().numel() < weight.numel() or torch.equal(weight, other.fc.weight):
        fail(
            "the new head does not start at random values of its own",
            hint="leave nn.Linear's own initialisation as it is",
        )
    small = nn.Sequential()
    small.backbone = nn.Linear(2, 7)
    small.fc = nn.Linear(7, 4)
    tried("start_fine_tuning(model, 11, head_lr=0.1), where model.fc is Linear(7, 4)")
    submission.start_fine_tuning(small, 11, 0.1)
    assert_shape(
        small.fc.weight,
        (11, 7),
        what="model.fc.weight",
        hint="nn.Linear(old.in_features, num_classes)",
    )


def test_head_is_made_on_the_device(submission):
    """the new head is on the model's device"""
    tried("start_fine_tuning(model, 3, head_lr=0.1) with a model on torch's device 'meta'")
    model = Net().to("meta")
    submission.start_fine_tuning(model, 3, 0.1)
    if not model.fc.weight.is_meta:
        fail(
            f"the model is on meta, and model.fc is on {model.fc.weight.device}",
            mistake="a new layer starts as float32 on the CPU, wherever the model is",
            hint="nn.Linear(..., device=old.weight.device, dtype=old.weight.dtype)",
        )


def test_only_the_head_needs_gradients(submission, model):
    """only the head needs gradients in the first stage"""
    before = {name: parameter.detach().clone() for name, parameter in backbone(model).items()}
    tried("start_fine_tuning(model, 3, head_lr=0.1), then requires_grad of every parameter")
    submission.start_fine_tuning(model, 3, 0.1)
    for name in HEAD:
        if not model.get_parameter(name).requires_grad:
            fail(
                f"{name} needs no gradient",
                mistake="the new head was frozen with the rest",
                hint="freeze first, then put the new head in",
            )
    still = [name for name, parameter in backbone(model).items() if parameter.requires_grad]
    if still:
        fail(
            f"a gradient is still needed by {', '.join(still)}",
            mistake="what starts with fc is taken for the head"
            if all(name.startswith("fc_in") for name in still)
            else "what has fc somewhere in its name is taken for the head, which is model.fc alone"
            if all("fc" in name for name in still)
            else "",
            hint="freeze every parameter outside model.fc",
        )
    for name, parameter in backbone(model).items():
        assert torch.equal(parameter, before[name]), f"the value of {name} changed"


def test_optimizer_holds_the_head(submission, model):
    """the optimizer is SGD with momentum 0.9 over the new head alone"""
    for lr in (0.1, 0.03):
        tried(f"start_fine_tuning(model, 3, head_lr={lr})")
        optimizer = submission.start_fine_tuning(model, 3, lr)
        if optimizer is None:
            fail("start_fine_tuning gives None", hint="return the optimizer")
        assert isinstance(optimizer, torch.optim.SGD), (
            f"the optimizer should be torch.optim.SGD, got {type(optimizer).__name__}"
        )
        held = names_of(model, [p for group in optimizer.param_groups for p in group["params"]])
        if sorted(held) != sorted(HEAD):
            fail(
                f"the optimizer holds {', '.join(held)}, expected fc.weight and fc.bias",
                mistake="the optimizer was made before the new head, and holds the old one"
                if any("does not have" in name for name in held)
                else "",
                hint="torch.optim.SGD(model.fc.parameters(), ...), after model.fc was replaced",
            )
        for group in optimizer.param_groups:
            assert_close(group["lr"], lr, what="the head's learning rate")
            assert_close(group["momentum"], 0.9, what="the momentum")
            assert_close(group["weight_decay"], 0, what="the weight decay")
            assert_close(group["dampening"], 0, what="the dampening")
            for option in ("nesterov", "maximize"):
                assert not group[option], f"{option} is not asked for"


def test_backbone_gets_a_group_of_its_own(submission, model):
    """every parameter is held once, each at its learning rate"""
    for backbone_lr in (0.01, 0.0005):
        optimizer = submission.start_fine_tuning(model, 3, 0.1)
        tried(
            f"unfreeze(model, optimizer, backbone_lr={backbone_lr}), looking at optimizer.param_groups"
        )
        try:
            submission.unfreeze(model, optimizer, backbone_lr)
        except ValueError as error:
            fail(
                f"the optimizer raises ValueError: {error}",
                mistake="the head's parameters are in the optimizer already; add those of the backbone alone",
                hint="leave out model.fc.parameters(), compared by identity",
            )
        except RuntimeError as error:
            if "size of tensor" not in str(error) and "Boolean value" not in str(error):
                raise
            fail(
                f"RuntimeError: {error}",
                mistake="`p in list` compares values with ==; a parameter is known by its identity",
                hint="head = set(model.fc.parameters()), and p not in head",
            )
        groups, twice = {}, []
        for group in optimizer.param_groups:
            for name in names_of(model, group["params"]):
                twice += [name] if name in groups else []
                groups[name] = group
        missing = [name for name, _ in model.named_parameters() if name not in groups]
        if missing:
            fail(
                f"the optimizer does not hold {', '.join(missing)}",
                mistake="the optimizer that the caller holds did not get the backbone; a new optimizer is lost, and once all is thawed no flag tells the backbone"
                if len(missing) == len(backbone(model))
                else "what has fc somewhere in its name is taken for the head, which is model.fc alone"
                if all("fc" in name for name in missing)
                else "",
                hint="optimizer.add_param_group on the one that was passed in",
            )
        if twice:
            fail(
                f"{twice[0]} is held twice",
                hint="model.parameters() gives a parameter that several layers share once",
            )
        for name, group in groups.items():
            lr = 0.1 if name in HEAD else backbone_lr
            if group["lr"] != lr:
                fail(
                    f"the learning rate of {name} should be {lr}, got {group['lr']}",
                    mistake="a group without an lr of its own takes the optimizer's"
                    if name not in HEAD and group["lr"] == 0.1
                    else "",
                    hint='{"params": ..., "lr": backbone_lr}',
                )
            if group["momentum"] == 0:
                fail(
                    f"the momentum of {name} is 0, expected 0.9",
                    mistake="a group without a momentum of its own takes the optimizer's default; 0.9 was given to the head's group alone",
                    hint="torch.optim.SGD(..., momentum=0.9) sets the default for groups that come later",
                )
            assert_close(group["momentum"], 0.9, what=f"the momentum of {name}")
            assert_close(group["weight_decay"], 0, what=f"the weight decay of {name}")
            assert not group["nesterov"], f"nesterov is not asked for, and on for {name}"
        count = len({id(groups[name]) for name in backbone(model)})
        assert count == 1, f"the backbone should be in one group of its own, got {count} groups"


def test_everything_needs_gradients_after_unfreezing(submission, model):
    """every parameter needs a gradient after unfreeze"""
    optimizer = submission.start_fine_tuning(model, 3, 0.1)
    tried("unfreeze(model, optimizer, backbone_lr=0.01), then requires_grad of every parameter")
    submission.unfreeze(model, optimizer, 0.01)
    still = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    if still:
        fail(
            f"no gradient is needed yet by {', '.join(still)}",
            mistake="a group in the optimizer does not turn gradients on"
            if len(still) == len(backbone(model))
            else "",
            hint="model.requires_grad_(True)",
        )


def oracle_run(model, head, device, backbone_lr):
    """Both stages by hand, from the same weights and the same new head."""
    model = copy.deepcopy(model)
    model.fc = copy.deepcopy(head)
    velocity = {}
    for step in range(5):
        x, y = batch(device, step)
        model.zero_grad()
        F.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if step < 2 and name not in HEAD:
                    continue
                velocity[name] = 0.9 * velocity.get(name, 0.0) + parameter.grad
                parameter -= (0.1 if name in HEAD else backbone_lr) * velocity[name]
    return model


def test_two_stages_train_as_they_should(submission, model, device):
    """two steps of the first stage and three of the second end with the right weights"""
    original = copy.deepcopy(model)
    optimizer = submission.start_fine_tuning(model, 3, 0.1)
    head = copy.deepcopy(model.fc)
    tried(
        "start_fine_tuning(model, 3, head_lr=0.1), 2 steps, unfreeze(model, optimizer, backbone_lr=0.02), 3 steps"
    )
    train(model, optimizer, device, 2)
    trained = copy.deepcopy(model)
    momenta = {
        name: optimizer.state[model.get_parameter(name)]["momentum_buffer"].clone() for name in HEAD
    }
    submission.unfreeze(model, optimizer, 0.02)
    for name, parameter in trained.named_parameters():
        if not torch.equal(model.get_parameter(name), parameter):
            fail(
                f"unfreeze changed the values of model.{name}",
                mistake="what the head has learned in the first stage is lost"
                if name in HEAD
                else "",
            )
    for name in HEAD:
        momentum = optimizer.state.get(model.get_parameter(name), {}).get("momentum_buffer")
        if momentum is None or not torch.equal(momentum, momenta[name]):
            fail(
                f"the momentum of {name} is {'lost' if momentum is None else 'changed'} at unfreeze",
                mistake="the optimizer's state was cleared, or rebuilt",
                hint="add a group to the optimizer, and leave the rest of it as it is",
            )
    train(model, optimizer, device, 3, start=2)
    right = oracle_run(original, head, device, 0.02)
    for name, parameter in right.named_parameters():
        assert_close(model.get_parameter(name), parameter, what=f"{name} after both stages")


def test_modes_are_left_alone(submission, model):
    """modes, buffers and settings of the backbone stay as the caller has set them"""
    norm = model.blocks[0]
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2.0)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    settings = repr(model.blocks)
    for training in (True, False):
        model.train(training)
        model.blocks.train(not training)
        modes = {name: module.training for name, module in model.named_modules() if name != "fc"}
        for call in ("start_fine_tuning(model, 3, 0.1)", "unfreeze(model, optimizer, 0.01)"):
            tried(f"{call}, then model.training and that of its modules")
            if call.startswith("start"):
                optimizer = submission.start_fine_tuning(model, 3, 0.1)
            else:
                submission.unfreeze(model, optimizer, 0.01)
            for name, mode in modes.items():
                now = model.get_submodule(name).training
                assert now == mode, (
                    f"{'model.' + name if name else 'model'} was in {'train' if mode else 'eval'} mode, "
                    f"and is in {'train' if now else 'eval'} mode; leave modes to the caller"
                )
            for name, buffer in model.named_buffers():
                assert torch.equal(buffer, buffers[name]), (
                    f"{name} was changed; leave BatchNorm's statistics to the caller"
                )
            assert repr(model.blocks) == settings, (
                "a setting of a layer in the backbone was changed, such as BatchNorm's momentum; leave it to the caller"
            )
