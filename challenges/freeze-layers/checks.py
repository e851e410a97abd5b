"""Hidden checks for freeze-layers. A check's docstring is the line the learner sees."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from drill.checking import assert_close, fail, tried


class Net(nn.Module):
    """A stem before the features, and a layer after them whose name starts like theirs."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.features = nn.Sequential(
            nn.Linear(4, 6),
            nn.BatchNorm1d(6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5, momentum=0.3)),
        )
        self.features_norm = nn.BatchNorm1d(5)
        self.classifier = nn.Sequential(nn.Linear(5, 7), nn.Dropout(0.5), nn.Linear(7, 2))

    def forward(self, x):  # (B, 3) -> (B, 2)
        return self.classifier(self.features_norm(self.features(self.stem(x))))


class Noisy(nn.Module):
    """Features without layers: they ask their own training flag."""

    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(size) + 2.0)
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, x):  # (B, size) -> (B, size)
        if self.training:
            self.calls += 1
        return F.dropout(x * self.weight, 0.5, training=self.training)


@pytest.fixture
def model(device):
    """Running statistics and affine weights that are not those of the start."""
    model = Net().to(device)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 2.0)
            nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
    return model


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.1)


def train(model, optimizer, device, epochs=2):
    """What the training loop of the statement does; its zero_grad keeps the gradients' memory."""
    for _ in range(epochs):
        try:
            model.train()
        except RecursionError:
            fail(
                "model.train() never ends",
                mistake="eval() calls train(False): a train() of its own that calls eval() calls itself",
                hint="eval() once, at the call, and a train() that does nothing and gives the module back",
            )
        except TypeError as error:
            fail(
                f"model.train() raises TypeError: {error}",
                mistake="model.train(mode) calls train(mode) of each child, so the new train() must take the mode",
                hint="features.train = lambda mode=True: features",
            )
        for _ in range(2):
            x, y = torch.randn(8, 3, device=device), torch.randint(0, 2, (8,), device=device)
            optimizer.zero_grad(set_to_none=False)
            F.cross_entropy(model(x), y).backward()
            optimizer.step()


def state(module):
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def changed(before, module):
    return [
        name
        for name, tensor in module.state_dict().items()
        if not torch.equal(tensor, before[name])
    ]


def named(names):
    return ", ".join(f"features.{name}" for name in names)


def test_parameters_need_no_gradient(submission, model):
    """the parameters of the features need no gradient, and the others as before"""
    model.classifier[0].bias.requires_grad_(False)  # the caller's own doing
    before = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    tried("freeze_features(model)")
    submission.freeze_features(model)
    for name, parameter in model.named_parameters():
        if name.startswith("features."):
            if parameter.requires_grad:
                fail(
                    f"{name} still requires a gradient",
                    mistake="requires_grad is a flag of each parameter; on a module, or misspelt, the assignment only makes a new attribute",
                    hint="for p in model.features.parameters(): p.requires_grad = False",
                )
        elif parameter.requires_grad != before[name]:
            fail(
                f"{name} had requires_grad={before[name]}, and has {parameter.requires_grad} now; it is no part of model.features",
                mistake="the names are compared without the dot"
                if name.startswith("features_norm")
                else "",
                hint="go through model.features.parameters(), and no others",
            )


def test_other_models_are_not_concerned(submission, model):
    """another model of the same class follows train() and eval() as ever"""
    other = copy.deepcopy(model)
    submission.freeze_features(model)
    for mode, call in ((False, other.eval), (True, other.train)):
        tried(f"freeze_features(model), then {'train' if mode else 'eval'}() of a second Net")
        call()
        if any(module.training != mode for module in other.features.modules()):
            fail(
                f"the features of the second model are in {'eval' if mode else 'training'} mode after {'train' if mode else 'eval'}()",
                mistake="the class was changed, and all its instances with it",
                hint="set the attribute on model.features, not on its class",
            )
    assert all(parameter.requires_grad for parameter in other.parameters()), (
        "parameters of the second model were frozen too"
    )


def test_model_keeps_its_structure(submission, model):
    """the model keeps its modules, parameters and names"""
    names, parameters = list(model.state_dict()), dict(model.named_parameters())
    values, rest = state(model), repr((model.stem, model.features_norm, model.classifier))
    tried("freeze_features(model)")
    submission.freeze_features(model)
    assert list(model.state_dict()) == names, (
        f"state_dict() had the names {names}, and has {list(model.state_dict())} now; a checkpoint would not load"
    )
    for name, parameter in model.named_parameters():
        if parameter is not parameters.get(name):
            fail(
                f"{name} is another object than before; an optimizer made before the call has lost it",
                hint="change the model, do not copy it",
            )
    assert not changed(values, model), (
        f"the call itself changed the values of {', '.join(changed(values, model))}"
    )
    assert repr((model.stem, model.features_norm, model.classifier)) == rest, (
        "a setting of a layer outside the features was changed"
    )


def test_parameters_stay_bit_identical(submission, model, device):
    """no optimizer step changes a parameter of the features"""
    before = state(model.features)
    tried("freeze_features(model), then training with an optimizer made after it")
    submission.freeze_features(model)
    train(model, sgd(model), device)
    moved = [
        name
        for name, _ in model.features.named_parameters()
        if name in changed(before, model.features)
    ]
    assert not moved, f"{named(moved)} changed during training"


def test_old_gradients_are_dropped(submission, model, device):
    """gradients and momentum from before the call do not move them either"""
    optimizer = sgd(model)
    train(model, optimizer, device, epochs=1)
    tried("training, freeze_features(model), then more training with the same optimizer")
    submission.freeze_features(model)
    before = state(model.features)
    train(model, optimizer, device)
    moved = [
        name
        for name, _ in model.features.named_parameters()
        if name in changed(before, model.features)
    ]
    if moved:
        fail(
            f"{named(moved)} changed during training",
            mistake="the optimizer steps on every parameter whose .grad is not None, with its momentum and weight decay, whether or not it requires a gradient",
            hint="set p.grad = None as well",
        )


def test_buffers_stay_bit_identical(submission, model, device):
    """the running statistics of the features do not change"""
    before = state(model.features)
    tried("freeze_features(model), then training; each epoch calls model.train()")
    submission.freeze_features(model)
    train(model, sgd(model), device)
    moved = [
        name
        for name, _ in model.features.named_buffers()
        if name in changed(before, model.features)
    ]
    if moved:
        only_counts = all(name.endswith("num_batches_tracked") for name in moved)
        fail(
            f"{named(moved)} changed during training",
            mistake="with momentum 0 the statistics stay, but BatchNorm still counts batches, and normalises by each batch"
            if only_counts
            else "requires_grad does not stop BatchNorm's statistics, and model.train() undoes an eval() called before it",
            hint="the features must be in eval mode whenever they run: model.train() reaches them through their own train()",
        )


def features_output(model, x):
    """What the features give inside the model's own forward pass."""
    found = []
    handle = model.features.register_forward_hook(
        lambda module, inputs, output: found.append(output.detach())
    )
    model(x)
    handle.remove()
    return found[0]


def test_features_compute_as_in_eval_mode(submission, model, device):
    """the features compute as in eval mode while the model trains"""
    x = torch.randn(6, 3, device=device)
    expected = features_output(copy.deepcopy(model).eval(), x)
    model.train()
    submission.freeze_features(model)
    before = state(model)
    at_once = features_output(model, x)
    model.load_state_dict(before)  # also the statistics that should not have moved
    tried("model.train(), then model(x): what model.features gives", x=x)
    model.train()
    got = features_output(model, x)
    for module in model.features.modules():
        if (
            isinstance(module, nn.Dropout)
            and module.training
            and module.p
            and not torch.allclose(got, expected)
        ):
            fail(
                "the output of the features is not the one of eval mode",
                mistake="Dropout is still active in them",
                hint="put the whole of model.features in eval mode, not only BatchNorm",
            )
    assert_close(
        got,
        expected,
        what="the output of the features",
        hint="BatchNorm must use its running statistics",
    )
    tried("freeze_features(model) on a model in training mode, then model(x) at once", x=x)
    if not torch.allclose(at_once, expected, rtol=1e-4, atol=1e-5):
        fail(
            "until the next model.train() the features compute as in training mode",
            mistake="they are put in eval mode when model.train() is called, and not by the call itself",
            hint="call model.features.eval() in freeze_features as well",
        )


@pytest.mark.parametrize("kind", ["nn.BatchNorm1d(4)", "a module with F.dropout and no layers"])
def test_features_of_any_kind(submission, device, kind):
    """features that are a single layer, or follow their own training flag"""
    model = Net()
    model.features = nn.BatchNorm1d(4) if kind.startswith("nn.") else Noisy(4)
    model.features_norm, model.classifier = nn.BatchNorm1d(4), nn.Linear(4, 2)
    model.to(device)
    x = torch.randn(6, 3, device=device)
    expected = features_output(copy.deepcopy(model).eval(), x)
    before = state(model.features)
    tried(f"model.features is {kind}; freeze_features(model), then training")
    submission.freeze_features(model)
    model.train()
    got = features_output(model, x)
    if not torch.allclose(got, expected, rtol=1e-4, atol=1e-5):
        fail(
            "the output of the features is not the one of eval mode",
            mistake="only the children of model.features, or only layers of known types, were kept in eval mode",
            hint="model.features itself must stay in eval mode, whatever it is",
        )
    train(model, sgd(model), device)
    moved = changed(before, model.features)
    assert not moved, f"{named(moved)} changed during training"


def test_everything_else_trains(submission, model, device):
    """all other layers train, those before the features too"""
    submission.freeze_features(model)
    before = state(model)
    tried("freeze_features(model), then training")
    train(model, sgd(model), device)
    rest = [name for name in before if not name.startswith("features.")]
    still = [name for name in rest if name not in changed(before, model)]
    if still:
        statistics = all(name.startswith("features_norm.") for name in still)
        fail(
            f"{', '.join(still)} did not change during training",
            mistake="layers outside the features were put in eval mode" if statistics else "",
            hint="change nothing outside model.features, and let gradients flow through it: no no_grad, no detach",
        )


def test_gradients_flow_through_the_features(submission, model, device):
    """gradients pass through the frozen features unchanged"""
    x = torch.randn(6, 3, device=device)
    oracle = copy.deepcopy(model)
    oracle.train().features.eval()
    oracle.classifier[1].eval()
    expected = torch.autograd.grad(oracle(x).pow(2).sum(), oracle.stem.weight)[0]
    submission.freeze_features(model)
    model.train()
    model.classifier[1].eval()
    tried("the gradient of model.stem.weight", x=x)
    out = model(x).pow(2).sum()
    (gradient,) = torch.autograd.grad(out, model.stem.weight, allow_unused=True)
    if gradient is None:
        fail(
            "no gradient reaches the layer before the features",
            mistake="no_grad or detach cuts the graph; a frozen parameter only needs no gradient of its own",
            hint="requires_grad=False on the parameters is enough",
        )
    assert_close(gradient, expected, what="the gradient of stem.weight")


def test_the_rest_follows_train_and_eval(submission, model):
    """the other parts follow train() and eval()"""
    submission.freeze_features(model)
    for mode, call in ((True, model.train), (False, model.eval), (True, model.train)):
        tried(f"model.{'train' if mode else 'eval'}()")
        back = call()
        for name in ("classifier", "features_norm", "stem"):
            if getattr(model, name).training != mode:
                fail(
                    f"after model.{'train' if mode else 'eval'}(), model.{name}.training is {not mode}",
                    mistake="model.train itself was replaced by something that does not pass the mode on",
                    hint="only model.features must stop listening",
                )
        assert back is model, (
            f"model.{'train' if mode else 'eval'}() should give the model back as always, got {type(back).__name__}"
        )


def test_the_call_changes_no_mode_and_no_gradient_elsewhere(submission, model, device):
    """outside the features, the call changes no mode and no gradient"""
    fresh = model
    for training in (True, False):
        model = copy.deepcopy(fresh).train(training)
        model.stem.train(not training)  # the caller's own doing
        model(torch.randn(6, 3, device=device)).pow(2).sum().backward()
        model.classifier[2].weight.grad = None
        rest = {n: p for n, p in model.named_parameters() if not n.startswith("features.")}
        before = {n: None if p.grad is None else p.grad.clone() for n, p in rest.items()}
        modes = {n: m.training for n, m in model.named_modules() if n.split(".")[0] != "features"}
        tried(
            f"model.{'train' if training else 'eval'}(), a backward pass, then freeze_features(model)"
        )
        submission.freeze_features(model)
        for name, mode in modes.items():
            if model.get_submodule(name).training != mode:
                fail(
                    f"{f'model.{name}' if name else 'model'}.training was {mode}, and is {not mode} after the call",
                    mistake="train() or eval() was called on more than the features",
                    hint="model.features.eval(), and no other",
                )
        for name, parameter in rest.items():
            old, new = before[name], parameter.grad
            if old is None:
                assert new is None, f"{name} had no gradient, and has one after the call"
            elif new is None or not torch.equal(old, new):
                fail(
                    f"the gradient in {name} is {'gone' if new is None else 'another'} after the call; it is no part of model.features",
                    mistake="gradients were dropped everywhere, and the caller may be accumulating them",
                    hint="drop those of model.features.parameters() only",
                )
