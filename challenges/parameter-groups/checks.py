"""Hidden checks for parameter-groups. A check's docstring is the line the learner sees."""

import torch
from torch import nn

from drill.checking import fail, tried


class Gain(nn.Module):
    """A norm that no list of classes knows, with a scalar beside its weight."""

    def __init__(self, size):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(size))
        self.temperature = nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        return x * self.scale / self.temperature


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.position_bias = nn.Parameter(torch.randn(3, 7))  # a matrix that is called a bias
        self.norm_proj = nn.Linear(size, 2 * size)  # a layer that is called a norm
        self.layers = nn.ModuleList(
            [nn.Sequential(nn.Linear(2 * size, size), nn.BatchNorm1d(size)), Gain(size)]
        )
        self.attention = nn.MultiheadAttention(size, 2)
        self.cls = nn.Parameter(torch.zeros(1, 1, size))
        self.log_scale = nn.Parameter(torch.zeros(()))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.stem = nn.Conv2d(2, 4, 3)
        self.line, self.volume = nn.Conv1d(3, 2, 5), nn.Conv3d(1, 3, 2)  # three and five dimensions
        self.norm = nn.GroupNorm(2, 4)
        self.plane_norm = nn.LayerNorm((4, 3))  # a norm whose weight is a matrix
        self.blocks = nn.ModuleDict({"a": Block(6), "b": Block(6)})
        self.gate = nn.Parameter(torch.ones(1, 1))
        self.out = nn.Linear(6, 5)


def groups(submission, model, weight_decay, what):
    """The two groups, after what must hold in every case."""
    tried(f"parameter_groups(model, weight_decay={weight_decay:g}), {what}")
    try:
        result = submission.parameter_groups(model, weight_decay)
    except RuntimeError as error:
        if "size of tensor" not in str(error) and "Boolean value" not in str(error):
            raise
        fail(
            f"RuntimeError: {error}",
            mistake="`p in list` compares values with ==; a parameter is known by its identity",
            hint="a set of parameters or of their id(), or p.ndim once more",
        )
    if (
        not isinstance(result, list)
        or len(result) != 2
        or not all(isinstance(g, dict) for g in result)
    ):
        kinds = f" of {len(result)}" if isinstance(result, list | tuple) else ""
        fail(f"the result should be a list of two dicts, got a {type(result).__name__}{kinds}")
    decay, rest = result
    for name, group in (("first", decay), ("second", rest)):
        if "params" not in group:
            fail(f"the {name} group has no 'params', only {sorted(map(str, group))}")
        if "weight_decay" not in group:
            fail(
                f"the {name} group has no 'weight_decay'",
                mistake="a group without one takes the optimizer's default, which is 0.01 in AdamW; say 0.0",
            )
        extra = set(group) & (set(torch.optim.AdamW([torch.zeros(1)]).defaults) - {"weight_decay"})
        assert not extra, (
            f"the {name} group sets {min(extra)} as well, which overrides what the optimizer is given"
        )
        if not isinstance(group["params"], list):
            fail(
                f"'params' of the {name} group should be a list, got a {type(group['params']).__name__}"
            )
        for p in group["params"]:
            if isinstance(p, tuple | str):
                fail(
                    f"'params' of the {name} group holds a {type(p).__name__}",
                    mistake="named_parameters yields pairs of a name and a parameter; keep the parameter",
                )
    return decay, rest


def names_of(model):
    """One name for each parameter, by identity."""
    return {id(p): name for name, p in model.named_parameters()}


def listed(decay, rest):
    return [*decay["params"], *rest["params"]]


def test_two_groups(submission, device):
    """two dicts, each with its parameters and its weight decay"""
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).to(device)
    own = names_of(model)
    for weight_decay in (0.1, 0.03, 0.0):
        decay, rest = groups(submission, model, weight_decay, "a linear layer and a batch norm")
        if not listed(decay, rest):
            fail(
                "both groups are empty",
                mistake="before the first backward pass no parameter has a grad; requires_grad says whether it is trained",
            )
        for p in listed(decay, rest):
            if id(p) not in own:
                told = "clones, .data and detached tensors are not the model's own objects, so a step would not train it"
                if any(
                    p is b or (p.shape == b.shape and torch.equal(p, b)) for b in model.buffers()
                ):
                    told = "buffers are no parameters: state_dict holds both, and detached"
                fail(
                    f"a tensor of shape {tuple(p.shape)} in the groups is no parameter of the model",
                    mistake=told,
                )
        given, zero = decay["weight_decay"], rest["weight_decay"]
        if given != weight_decay and zero == weight_decay and given == 0:
            fail(
                f"the weight decay of the groups is {given:g} and {zero:g}, expected {weight_decay:g} and 0",
                mistake="the two groups are exchanged: the decaying one comes first",
            )
        told = (
            f"weight_decay is taken as {given:g}, whatever is passed"
            if given != weight_decay
            else ""
        )
        assert given == weight_decay, (
            f"the first group has weight_decay {given:g}, expected {weight_decay:g}; {told}"
        )
        assert zero == 0, f"the second group has weight_decay {zero:g}, expected 0.0"


def test_who_decays(submission, device):
    """two or more dimensions decay, fewer do not"""
    model = Net().to(device)
    names = names_of(model)
    decay, rest = groups(submission, model, 0.2, "a model with many kinds of layers")
    wrongly = [names.get(id(p)) for p in decay["params"] if p.ndim < 2]
    missing = [names.get(id(p)) for p in rest["params"] if p.ndim >= 2]
    if (
        wrongly
        and missing
        and len(wrongly) == len(decay["params"])
        and len(missing) == len(rest["params"])
    ):
        fail(
            "the first group holds what should not decay",
            mistake="the two groups are exchanged: the decaying one comes first",
        )
    for found, told in ((wrongly, "should not decay"), (missing, "should decay")):
        if found:
            p = dict(model.named_parameters())[found[0]]
            fail(
                f"{found[0]}, of shape {tuple(p.shape)}, {told}",
                details=[f"so {'do' if len(found) > 1 else 'does'}: {', '.join(found[1:5])}"]
                if found[1:]
                else [],
                hint="p.ndim decides: neither the name nor the type of the module does",
            )


def test_nothing_is_forgotten(submission, device):
    """every trainable parameter is in a group"""
    model = Net().to(device)
    model.twin = nn.Linear(6, 5).to(device)
    model.twin.load_state_dict(model.out.state_dict())  # equal values, but two layers
    model.eval()  # which changes nothing about what is trained
    found = {
        id(p)
        for p in listed(
            *groups(submission, model, 0.2, "a model with many kinds of layers, in eval mode")
        )
    }
    forgotten = [name for name, p in model.named_parameters() if id(p) not in found]
    if forgotten:
        fail(
            f"{forgotten[0]} is in no group, so it would never be trained",
            details=[f"{len(forgotten)} parameters are in no group: {', '.join(forgotten[:5])}"],
            hint="model.parameters() visits submodules too, and yields parameters of any name",
        )
    planned = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2)).to("meta")
    found = listed(*groups(submission, planned, 0.2, "a model on the meta device"))
    if len(found) < 6:
        fail(
            f"the model has 6 parameters, the groups hold {len(found)}",
            mistake="parameters are told apart by data_ptr(), which is 0 without memory; a shared one is the same object",
        )
    bare = nn.Linear(3, 2, bias=False).to(device)
    decay, rest = groups(submission, bare, 0.2, "one linear layer without a bias")
    assert [p is bare.weight for p in decay["params"]] == [True], (
        "the only weight should be the first group's only parameter"
    )
    assert not rest["params"], "without biases and norms the second group is empty"


def test_frozen_parameters(submission, device):
    """frozen parameters are in no group, and stay frozen"""
    model = Net().to(device)
    model.embed.requires_grad_(False)
    model.blocks["a"].requires_grad_(False)
    model.norm.bias.requires_grad_(False)
    before = {name: p.requires_grad for name, p in model.named_parameters()}
    names = names_of(model)
    found = listed(*groups(submission, model, 0.2, "a model with frozen parameters"))
    for name, p in model.named_parameters():
        assert p.requires_grad == before[name], f"requires_grad of {name} was changed"
    frozen = [names.get(id(p)) for p in found if not p.requires_grad]
    assert not frozen, f"{frozen[0]} is frozen (requires_grad is False) and belongs in no group"
    trained = sum(before.values())
    assert len(found) == trained, (
        f"the model trains {trained} parameters, the groups hold {len(found)}"
    )


def test_shared_parameters(submission, device):
    """a shared parameter is in a group once"""
    model = nn.Module()
    model.embed = nn.Embedding(11, 6)
    model.first = nn.Linear(6, 6)
    model.again = model.first  # one layer under two names
    model.norm = nn.LayerNorm(6)
    model.final_norm = nn.LayerNorm(6)
    model.final_norm.bias = model.norm.bias
    model.head = nn.Linear(6, 11, bias=False)
    model.head.weight = model.embed.weight  # tied
    model = model.to(device)
    found = listed(*groups(submission, model, 0.2, "a model with tied weights"))
    names = names_of(model)
    seen = set()
    for p in found:
        assert id(p) not in seen, (
            f"{names.get(id(p))} is shared, and listed twice; torch.optim refuses that"
        )
        seen.add(id(p))
    expected = len(list(model.parameters()))
    assert len(found) == expected, (
        f"the model has {expected} parameters, the groups hold {len(found)}"
    )


def test_order(submission, device):
    """each group keeps the order of model.parameters()"""
    model = nn.Sequential(*[Block(6) for _ in range(4)]).to(device)
    place = {id(p): i for i, p in enumerate(model.parameters())}
    for group in groups(submission, model, 0.2, "four blocks"):
        order = [place.get(id(p), -1) for p in group["params"]]
        if order != sorted(order):
            fail(
                "the parameters are not in the order of model.parameters()",
                mistake="the order is that of a set, or of another walk such as model.apply, which takes children first; an optimizer's state_dict refers to parameters by position",
            )


def test_model_is_left_alone(submission, device):
    """the model is not changed"""
    for training in (True, False):
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).to(device)
        model.train(training)[2].train(not training)
        for p in model.parameters():
            p.grad = torch.randn_like(p)
        values = {name: p.detach().clone() for name, p in model.named_parameters()}
        gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
        modes = [module.training for module in model.modules()]
        groups(submission, model, 0.2, "looking at the model afterwards")
        for name, p in model.named_parameters():
            assert torch.equal(p, values[name]), f"the values of {name} were changed"
            assert p.grad is not None and torch.equal(p.grad, gradients[name]), (
                f"the gradient of {name} was changed"
            )
        assert [module.training for module in model.modules()] == modes, (
            "train and eval modes were changed; leave them to the caller"
        )
