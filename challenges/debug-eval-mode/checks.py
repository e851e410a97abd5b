"""Hidden checks for debug-eval-mode. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from drill.checking import assert_close, assert_shape, fail, tried


def build(submission, device, *sizes, **options):
    """A model whose parameters and statistics are all random."""
    shown = ", ".join([*map(str, sizes), *(f"{name}={value}" for name, value in options.items())])
    tried(f"Classifier({shown})")
    model = submission.Classifier(*sizes, **options)
    if not isinstance(model, nn.Module):
        fail("Classifier should be an nn.Module")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_()
            elif name.endswith("running_var"):
                buffer.uniform_(0.5, 2.0)
    return model.to(device)


def oracle(model, x, depth):
    """The logits in eval mode, from the state dict."""
    state = model.state_dict()
    for i in range(depth):
        x = F.linear(x, state[f"linears.{i}.weight"], state[f"linears.{i}.bias"])
        norm = [
            state[f"norms.{i}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        ]
        x = F.batch_norm(x, *norm).relu()
    return F.linear(x, state["head.weight"], state["head.bias"])


def test_every_layer_is_registered(submission, device):
    """each block has a linear layer and a norm of its own, and they are parts of the model"""
    for options in ({}, {"depth": 3}, {"depth": 1, "freeze_norm": True}):
        depth = options.get("depth", 2)
        model = build(submission, device, 3, 5, 4, **options)
        norms = [
            f"norms.{i}.{part}"
            for i in range(depth)
            for part in ("weight", "bias", "running_mean", "running_var")
        ]
        missing = [name for name in norms if name not in model.state_dict()]
        if missing:
            fail(
                f"the state dict lacks {missing[0]}",
                mistake="a plain list hides its modules: train(), eval(), .to(), parameters() and state_dict() pass them by; "
                "use nn.ModuleList"
                if isinstance(getattr(model, "norms", None), list)
                else "",
            )
        needed = [f"linears.{i}.{part}" for i in range(depth) for part in ("weight", "bias")]
        missing = [
            name for name in [*needed, "head.weight", "head.bias"] if name not in model.state_dict()
        ]
        assert not missing, f"the state dict lacks {missing}"
        assert len(model.state_dict()) == 7 * depth + 2, (
            f"with depth={depth} the state dict should have {7 * depth + 2} entries, got {sorted(model.state_dict())}"
        )
        for kind in ("linears", "norms"):
            places = {model.state_dict()[f"{kind}.{i}.bias"].data_ptr() for i in range(depth)}
            if len(places) < depth:
                fail(
                    f"{kind}.0.bias and another block's are one tensor",
                    mistake="[layer] * depth is one layer under several names; each block needs one of its own",
                )


@pytest.mark.parametrize("freeze_norm", [False, True], ids=["free", "freeze_norm"])
def test_train_and_eval_reach_every_part(submission, device, freeze_norm):
    """train(), train(False) and eval() set every part, and return the model"""
    model = build(submission, device, 3, 5, 4, **({"freeze_norm": True} if freeze_norm else {}))
    norms = {f"norms.{i}" for i in range(2)}
    for call, mode in (
        ("eval()", False),
        ("train()", True),
        ("train(False)", False),
        ("train(True)", True),
    ):
        tried(f"model.{call}, freeze_norm={freeze_norm}")
        returned = (
            model.eval()
            if call == "eval()"
            else model.train()
            if call == "train()"
            else model.train(mode)
        )
        if returned is not model:
            fail(
                f"model.{call} returns {type(returned).__name__}, not the model",
                hint="return self, so that model = model.eval() works",
            )
        for name, module in model.named_modules():
            kept = freeze_norm and name in norms
            if kept and module.training:
                fail(f"{name} is in training mode after model.{call}, though freeze_norm is set")
            if not kept and name != "norms" and module.training != mode:
                fail(
                    f"{name or 'the model'} has training={module.training} after model.{call}",
                    mistake="eval() is train(False): an overridden train() has to pass its mode on"
                    if not mode
                    else "the norms are frozen though freeze_norm is not set"
                    if name in norms
                    else "",
                    hint="super().train(mode)",
                )
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    if frozen:
        fail(
            f"{frozen[0]} has requires_grad=False",
            mistake="freeze_norm keeps the statistics; weights and biases, the norms' too, go on being trained",
        )


def test_eval_mode_is_deterministic(submission, device):
    """in eval mode dropout is off and the running statistics are used"""
    model = build(submission, device, 3, 64, 4, depth=3).eval()
    x = torch.randn(7, 3, device=device)
    expected = oracle(model, x, 3)
    tried("model.eval()(x) with p=0.5", x=x)
    with torch.no_grad():
        first, second = model(x), model(x)
    if not torch.equal(first, second):
        fail(
            "two calls in eval mode give two results",
            mistake="F.dropout drops unless it is told training=False; it knows nothing of the module's mode",
            hint="F.dropout(x, p, training=self.training), or an nn.Dropout made in the constructor",
        )
    assert_close(
        first, expected, what="the logits in eval mode", rtol=1e-4, atol=1e-3
    )  # sums of 64 terms of size 10
    tried("model.eval()(x[:1]), a batch of one", x=x[:1])
    with torch.no_grad():
        assert_close(
            model(x[:1]), expected[:1], what="the logits of a batch of one", rtol=1e-4, atol=1e-3
        )


def shows_its_dropout(submission, device, depth, **options):
    """A model of square layers that gives each block's output as 1 before dropout, and drops show in the logits.

    The head is the identity. With two blocks the second one's output is 1 + 0.01 z, where z is larger
    for what the first one kept.
    """
    model = build(submission, device, 2, 300, 300, depth=depth, **options).train()
    parts = dict(model.named_parameters()) | dict(model.named_buffers())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for i in range(depth):
            parts[f"norms.{i}.bias"].fill_(1.0)
        parts["head.weight"].copy_(torch.eye(300))
        if depth == 2:
            parts["linears.1.weight"].copy_(torch.eye(300))
            parts["norms.1.weight"].fill_(0.01)
            parts["norms.1.running_mean"].zero_()
            parts["norms.1.running_var"].fill_(1.0)
    return model


@pytest.mark.parametrize(
    ("p", "freeze_norm"),
    [(0.5, False), (0.2, False), (0.5, True)],
    ids=["p=0.5", "p=0.2", "freeze_norm"],
)
def test_dropout_works_in_training(submission, device, p, freeze_norm):
    """in training mode each block drops with probability p and scales the rest"""
    options = ({} if p == 0.5 else {"p": p}) | ({"freeze_norm": True} if freeze_norm else {})
    x = torch.randn(40, 2, device=device)

    def look(where, dropped):
        share = dropped.float().mean().item()
        if share == 0:
            fail(
                f"nothing is dropped in {where} in training mode",
                mistake="dropout follows the norm's mode, not the model's" if freeze_norm else "",
                hint="F.dropout after each block's relu, with training=self.training",
            )
        # 6000 draws or more: 0.04 is six standard deviations
        assert abs(share - p) < 0.04, f"{where} drops a share of {share:.3f}, p is {p}"

    shown = (
        f"with p={p} and freeze_norm={freeze_norm}, where each block's output is 1 before dropout"
    )
    for depth, where in ((1, "the only block"), (2, "the last of two blocks")):
        model = shows_its_dropout(submission, device, depth, **options)
        tried(f"model.train()(x) {shown}, and the head changes nothing", x=x)
        with torch.no_grad():
            logits = model(x)
        assert_shape(logits, (40, 300), what="the logits")
        look(where, logits == 0)
        assert not torch.equal(logits[0] == 0, logits[1] == 0), (
            f"{where} drops the same places in every row"
        )
        kept = logits[logits != 0]
        if depth == 1:
            assert_close(kept, torch.full_like(kept, 1 / (1 - p)), what=f"what is kept in {where}")
            continue
        z = (kept * (1 - p) - 1) / 0.01
        if bool((z < 0.1).any()) == bool((z < 0.1).all()):
            fail(
                "in what the last block keeps, the first one has dropped nothing",
                mistake="both blocks drop the same places, or only the last one drops; each block draws a mask of its own",
            )
        look("the first of two blocks", z < 0.1)


@pytest.mark.parametrize("freeze_norm", [False, True], ids=["free", "freeze_norm"])
def test_statistics_in_training(submission, device, freeze_norm):
    """in training mode the norms use and update the batch's statistics, unless they are frozen"""
    model = build(submission, device, 6, 6, 4, depth=3, p=0.0, freeze_norm=freeze_norm).train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.randn(9, 6, device=device)
    expected = x
    for i in range(3):
        expected = F.linear(expected, state[f"linears.{i}.weight"], state[f"linears.{i}.bias"])
        norm = [
            state[f"norms.{i}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        ]
        expected = F.batch_norm(expected, *norm, training=not freeze_norm).relu()  # updates `state`
        state[f"norms.{i}.num_batches_tracked"] += not freeze_norm
    expected = F.linear(expected, state["head.weight"], state["head.bias"])
    tried(f"model.train()(x) with p=0 and freeze_norm={freeze_norm}", x=x)
    with torch.no_grad():
        actual = model(x)
    # Sums of 6 terms of size 10.
    assert_close(actual, expected, what="the logits in training mode", rtol=1e-4, atol=1e-3)
    now = model.state_dict()
    for name, value in state.items():
        assert_close(
            now[name], value, what=f"{name} after one training batch", rtol=1e-4, atol=1e-4,
            hint="a frozen norm keeps its statistics" if freeze_norm else "as BatchNorm1d with its defaults updates them",
        )  # fmt: skip


class Notes(list):
    """What a probe has seen; a copy of the probe writes into the same notes."""

    def __deepcopy__(self, memo):
        return self


class Probe(nn.Module):
    """Notes the mode of each submodule and whether a graph is recorded, and answers by rule."""

    def __init__(self, classes=3):
        super().__init__()
        self.norm = nn.BatchNorm1d(classes)
        self.norm.running_mean.fill_(2.0)
        self.drop = nn.Dropout(0.5)
        self.block = nn.Sequential(nn.Sequential(nn.Dropout(0.5)))
        self.weight = nn.Parameter(torch.ones(()))
        self.fixed = nn.Parameter(torch.ones(()), requires_grad=False)
        self.seen = Notes()

    def forward(self, x):
        y = x * self.weight * self.fixed
        self.seen.append(([m.training for m in self.modules()], y.requires_grad))
        if len(x) > 1:
            self.norm(x)
        return y


def batches(device):
    """5, 5 and 1 samples, where an accuracy of the batches' accuracies differs from the right one."""
    target = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1], device=device)
    guess = torch.tensor(
        [0, 1, 2, 1, 1, 0, 0, 2, 2, 1, 1], device=device
    )  # 7 of 11 right: 4, 2 and 1
    x = F.one_hot(guess, 3).float() + 0.1 * torch.rand(11, 3, device=device)
    return list(zip(x.split(5), target.split(5), strict=True))


def test_evaluate_runs_in_eval_mode(submission, device):
    """evaluate switches to eval mode, records no graph, and counts every sample once"""
    model = Probe().to(device)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    tried("evaluate(model, loader) on batches of 5, 5 and 1, with a model in training mode")
    accuracy = submission.evaluate(model, batches(device))
    modes = [mode for modes, _ in model.seen for mode in modes]
    if any(modes):
        fail(
            "the model runs in training mode",
            mistake="no_grad() turns off the graph, not dropout and not BatchNorm's updates; that is what model.eval() does",
        )
    assert not any(graph for _, graph in model.seen), "a graph is recorded; use torch.no_grad()"
    assert model.seen, "the model was never called"
    if not isinstance(accuracy, float):
        fail(f"the accuracy should be a float, got a {type(accuracy).__name__}", hint="use .item()")
    assert_close(
        accuracy, 7 / 11, what="the accuracy",
        mistakes={"batches of unequal size count the same": (4 / 5 + 2 / 5 + 1) / 3},
    )  # fmt: skip
    assert_close(model.state_dict(), before, what="the state dict after evaluate")
    needs = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    assert needs == {"weight": True, "fixed": False, "norm.weight": True, "norm.bias": True}, (
        f"evaluate changes requires_grad: {needs}"
    )
    ids = torch.tensor([0, 2, 1, 3], device=device)
    embedding = nn.Embedding(4, 4, device=device)
    with torch.no_grad():
        embedding.weight.copy_(torch.eye(4))
    tried("evaluate(nn.Embedding(4, 4), [(ids, target)]), whose batches are whole numbers", ids=ids)
    accuracy = submission.evaluate(embedding, [(ids, ids.clamp(max=2))])
    assert_close(accuracy, 0.75, what="the accuracy of an embedding")


@pytest.mark.parametrize(
    "grad", [True, False], ids=["a graph was recorded before", "no graph was recorded before"]
)
def test_evaluate_leaves_torch_alone(submission, device, grad):
    """afterwards torch records a graph or not, and draws random numbers, as before"""
    model = Probe().to(device)
    loader = batches(device)
    random = torch.get_rng_state()
    tried(f"evaluate(model, loader) under torch.set_grad_enabled({grad})")
    with torch.set_grad_enabled(grad):
        submission.evaluate(model, loader)
        after = torch.is_grad_enabled()
    if after != grad:
        fail(
            f"grad mode is {'on' if after else 'off'} after evaluate, and was {'on' if grad else 'off'} before",
            mistake="set_grad_enabled(...) as a plain call lasts beyond the function; with torch.no_grad(): ends with its block",
        )
    if not torch.equal(torch.get_rng_state(), random):
        fail(
            "evaluate changes the state of the random number generator",
            mistake="after a seed set in evaluate, training draws the same masks and orders again after each evaluation",
        )


@pytest.mark.parametrize(
    "start",
    [
        "training",
        "eval",
        "one frozen layer",
        "one layer in training",
        "a layer deep inside in training",
    ],
)
def test_evaluate_restores_every_mode(submission, device, start):
    """afterwards every submodule is in the mode it was found in"""
    model = Probe().to(device)
    model.train(start in ("training", "one frozen layer"))
    if start == "one frozen layer":
        model.norm.eval()
    if start == "one layer in training":  # as for dropout as an estimate of uncertainty
        model.drop.train()
    if start == "a layer deep inside in training":
        model.block[0][0].train()
    before = {name or "the model": module.training for name, module in model.named_modules()}
    tried(f"evaluate(model, loader), where the model starts as: {start}")
    submission.evaluate(model, batches(device))
    for name, module in model.named_modules():
        name = name or "the model"
        if module.training != before[name]:
            fail(
                f"{name} had training={before[name]} before evaluate and has {module.training} after it",
                mistake="the mode is not restored: model.train() at the end also wakes a model that came in eval mode"
                if name == "the model" and start == "eval"
                else "the model is left in eval mode, so training goes on without dropout"
                if name == "the model" and start == "training"
                else "one mode for the whole model is not enough, nor are its direct children: note module.training for each of model.modules()",
            )
