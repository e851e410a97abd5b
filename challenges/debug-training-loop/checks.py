"""Hidden checks for debug-training-loop. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from drill.checking import assert_close, fail, tried

NEVER = 1e9  # a norm that no gradient here reaches
UNMOVED = (
    "the weights have not moved: step() must find this batch's gradients, so backward() comes before it, "
    "and no zero_grad() in between"
)
SOFTMAX = (
    "cross_entropy is given probabilities; it applies log_softmax itself, so give it the logits"
)
SUMMED = "the loss is not the mean over the batch"


def build(device, optimizer=torch.optim.SGD, gamma=1.0, **options):
    """The same model on every call, its optimizer (with a group for each layer) and a scheduler that multiplies the rate by gamma."""
    generator = torch.Generator().manual_seed(torch.initial_seed() % 1000)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    model.to(device)
    groups = [{"params": model[i].parameters()} for i in (0, 2)]
    optimizer = optimizer(groups, **options)
    return model, optimizer, torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=gamma)


def loader(device, samples, batch_size, **options):
    data = TensorDataset(
        3 * torch.randn(samples, 4, device=device), torch.arange(samples, device=device) * 2 % 3
    )
    return DataLoader(data, batch_size=batch_size, **options)


def weights(model):
    """All weights in one vector, so that a known wrong one is computed only where the comparison fails."""
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def oracle(
    model, batches, optimizer, scheduler, epochs, max_norm,
    *, softmax=False, zero="batch", clip="backward", schedule="epoch", reduction="mean", told_after=False,
):  # fmt: skip
    """The right loop; each keyword puts one bug in. Returns the loss and size of each batch, by epoch."""
    clips = nn.utils.clip_grad_norm_
    told = []
    for _ in range(epochs):
        told.append([])
        if zero == "epoch":
            optimizer.zero_grad()
        for x, target in batches:
            if zero == "batch":
                optimizer.zero_grad()
            logits = model(x)
            loss = F.cross_entropy(
                logits.softmax(1) if softmax else logits, target, reduction=reduction
            )
            if clip == "before":
                clips(model.parameters(), max_norm)
            loss.backward()
            if clip == "backward":
                clips(model.parameters(), max_norm)
            elif clip == "each":
                for parameter in model.parameters():
                    clips(parameter, max_norm)
            elif clip == "first group":
                clips(optimizer.param_groups[0]["params"], max_norm)
            elif clip == "each group":
                for group in optimizer.param_groups:
                    clips(group["params"], max_norm)
            elif clip == "largest":
                clips(model.parameters(), max_norm, norm_type=float("inf"))
            elif clip == "value":
                nn.utils.clip_grad_value_(model.parameters(), max_norm)
            elif clip == "norm 1":
                clips(model.parameters(), 1.0)
            optimizer.step()
            if schedule == "batch":
                scheduler.step()
            if told_after:
                loss = F.cross_entropy(model(x), target)
            told[-1].append((loss.item(), len(target)))
        if schedule == "epoch":
            scheduler.step()
    return told


def wrong(device, build_options, arguments, **bug):
    """The weights that a loop with this bug ends at."""
    model, optimizer, scheduler = build(device, **build_options)
    batches, epochs, max_norm = arguments
    oracle(model, batches, optimizer, scheduler, epochs, max_norm, **bug)
    return weights(model)


def means(told):
    """The mean loss over the samples of each epoch."""
    return [sum(loss * n for loss, n in epoch) / sum(n for _, n in epoch) for epoch in told]


def losses_after_updates(device, batches):
    """What a second forward pass after each update reports."""
    model, optimizer, scheduler = build(device, lr=0.5)
    return means(oracle(model, batches, optimizer, scheduler, 2, NEVER, told_after=True))


def test_one_batch_makes_the_right_update(submission, device):
    """one batch gives the update of cross-entropy on the logits"""
    batches = loader(device, 5, 5)
    arguments = (batches, 1, NEVER)
    model, optimizer, scheduler = build(device, lr=0.5)
    start = weights(model)
    expected = wrong(device, {"lr": 0.5}, arguments)
    tried("train(...) for one epoch of one batch of 5, plain SGD, no clipping")
    submission.train(model, batches, optimizer, scheduler, 1, NEVER)
    assert_close(
        weights(model),
        expected,
        what="the weights after one update",
        mistakes={
            SOFTMAX: lambda: wrong(device, {"lr": 0.5}, arguments, softmax=True),
            UNMOVED: start,
            SUMMED: lambda: wrong(device, {"lr": 0.5}, arguments, reduction="sum"),
            "max_norm is not used; the gradients are clipped to norm 1": lambda: wrong(
                device, {"lr": 0.5}, arguments, clip="norm 1"
            ),
        },
        hint="zero_grad, forward, loss, backward, clip, step",
    )


def test_each_batch_starts_from_zero_gradients(submission, device):
    """an update uses the gradients of its own batch only"""
    batches = loader(device, 7, 3)
    options = {"lr": 0.3, "momentum": 0.5}
    arguments = (batches, 2, NEVER)
    expected = wrong(device, options, arguments)
    model, optimizer, scheduler = build(device, **options)
    start = weights(model)
    tried("train(...) for two epochs of batches of 3, 3 and 1, SGD with momentum, no clipping")
    submission.train(model, batches, optimizer, scheduler, epochs=2, max_norm=NEVER)
    gathered = "gradients pile up: zero_grad() is needed for every batch"
    assert_close(
        weights(model),
        expected,
        what="the weights after six updates",
        mistakes={
            gathered + ", not once an epoch": lambda: wrong(
                device, options, arguments, zero="epoch"
            ),
            gathered: lambda: wrong(device, options, arguments, zero="never"),
            "the batch of one sample is left out": lambda: wrong(
                device, options, ([batch for batch in batches if len(batch[1]) > 1], 2, NEVER)
            ),
            "the epochs are not all run": lambda: wrong(device, options, (batches, 1, NEVER)),
            UNMOVED: start,
        },
    )


def test_old_gradients_take_no_part(submission, device):
    """gradients from before the call take no part in the first update"""
    batches = loader(device, 7, 3)
    expected = wrong(device, {"lr": 0.3}, (batches, 1, NEVER))
    model, optimizer, scheduler = build(device, lr=0.3)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    tried(
        "train(...) for one epoch, with gradients of 1 in every parameter's .grad before the call"
    )
    submission.train(model, batches, optimizer, scheduler, 1, NEVER)
    if not torch.allclose(weights(model), expected, rtol=1e-5, atol=1e-6):
        fail(
            "gradients from before the call went into the first update",
            mistake="zero_grad() at the end of a step leaves whatever was there before the first one",
            hint="call optimizer.zero_grad() before each backward()",
        )


@pytest.mark.parametrize("max_norm", [0.4, None], ids=["max_norm=0.4", "the default max_norm"])
def test_gradients_are_clipped_before_the_update(submission, device, max_norm):
    """the gradients are clipped by their common norm, after backward and before step"""
    batches = loader(device, 8, 3)
    options = {"lr": 0.3}
    arguments = (batches, 1, max_norm or 1.0)
    expected = wrong(device, options, arguments)
    model, optimizer, scheduler = build(device, **options)
    given = {} if max_norm is None else {"max_norm": max_norm}
    tried(
        f"train(...) for one epoch of batches of 3, 3 and 2, {given or 'without max_norm'}, with large gradients"
    )
    submission.train(model, batches, optimizer, scheduler, 1, **given)
    late = "clipped too early or too late: the norm is taken after backward() and before step()"
    assert_close(
        weights(model),
        expected,
        what="the weights after an epoch with clipping",
        mistakes={
            late + ", else the update is not clipped": lambda: wrong(
                device, options, arguments, clip="before"
            ),
            "each parameter is clipped by its own norm, not by the norm of all of them together": lambda: (
                wrong(device, options, arguments, clip="each")
            ),
            "only the optimizer's first parameter group is clipped; give it model.parameters()": lambda: (
                wrong(device, options, arguments, clip="first group")
            ),
            "each parameter group is clipped by its own norm, not by the norm of all parameters together": lambda: (
                wrong(device, options, arguments, clip="each group")
            ),
            "the norm is the largest value (norm_type inf); clip_grad_norm_ takes the Euclidean norm": lambda: (
                wrong(device, options, arguments, clip="largest")
            ),
            "the values are clipped, not the norm; clip_grad_norm_ keeps the direction": lambda: (
                wrong(device, options, arguments, clip="value")
            ),
        },
    )


def test_scheduler_steps_once_an_epoch(submission, device):
    """every epoch has one learning rate"""
    batches = loader(device, 7, 3)
    arguments = (batches, 3, 1.0)
    options = {"optimizer": torch.optim.AdamW, "lr": 0.1, "gamma": 0.5}
    expected = wrong(device, options, arguments)
    model, optimizer, scheduler = build(device, **options)
    rates = []
    optimizer.register_step_pre_hook(lambda opt, *_: rates.append(opt.param_groups[0]["lr"]))
    tried(
        "train(...) for three epochs of three batches, AdamW with lr 0.1, halved by the scheduler"
    )
    submission.train(model, batches, optimizer, scheduler, 3)
    assert len(rates) == 9, f"three epochs of three batches are 9 updates, got {len(rates)}"
    rate = optimizer.param_groups[0]["lr"]
    stood_still = (
        "the scheduler never steps"
        if rate == 0.1
        else "the scheduler steps after all epochs; it belongs at the end of each"
    )
    assert_close(
        rates,
        [0.1] * 3 + [0.05] * 3 + [0.025] * 3,
        what="the learning rates of the nine updates",
        mistakes={
            "the scheduler steps after every batch; it belongs after the batch loop": [
                0.1 * 0.5**i for i in range(9)
            ],
            stood_still: [0.1] * 9,
            "the scheduler steps before the epoch rather than after it": [0.05] * 3
            + [0.025] * 3
            + [0.0125] * 3,
        },
    )
    assert abs(rate - 0.0125) < 1e-9, (
        f"after three epochs the rate should have been halved three times, to 0.0125; it is {rate:.6g}"
    )
    assert_close(weights(model), expected, what="the weights after three epochs")


@pytest.mark.parametrize(
    "drop_last", [False, True], ids=["uneven last batch", "last batch dropped"]
)
def test_losses_are_means_over_samples(submission, device, drop_last):
    """the result is each epoch's mean loss over the samples it saw"""
    batches = loader(device, 7, 3, drop_last=drop_last)
    model, optimizer, scheduler = build(device, lr=0.5)
    twin, twin_optimizer, twin_scheduler = build(device, lr=0.5)
    told = oracle(twin, batches, twin_optimizer, twin_scheduler, 2, NEVER)
    expected = means(told)
    tried(f"train(...) for two epochs of 7 samples in batches of 3, drop_last={drop_last}")
    losses = submission.train(model, batches, optimizer, scheduler, 2, NEVER)
    if isinstance(losses, list | tuple) and any(isinstance(loss, torch.Tensor) for loss in losses):
        fail(
            "the losses should be Python floats, got tensors",
            hint="loss.item() is the number without the graph",
        )
    assert_close(
        losses,
        expected,
        what="the list of losses",
        rtol=1e-5,  # sums of float32 losses in another order
        mistakes={
            "batch means are added and divided by the number of samples; weigh each by its size first": [
                sum(loss for loss, _ in epoch) / 7 for epoch in told
            ],
            "batches of unequal size count the same; weigh each loss by its size": [
                sum(loss for loss, _ in epoch) / len(epoch) for epoch in told
            ],
            "the loader drops samples, so len(loader.dataset) is not the number that was seen": [
                sum(loss * n for loss, n in epoch) / 7 for epoch in told
            ],
            "each loss is weighed by loader.batch_size; the last batch is smaller": [
                sum(loss * 3 for loss, _ in epoch) / 7 for epoch in told
            ],
            "these are the losses after each update; the loss is the one that made it": lambda: (
                losses_after_updates(device, batches)
            ),
            "the losses are summed, not averaged": [
                sum(loss * n for loss, n in epoch) for epoch in told
            ],
            "this is the last batch's loss only": [epoch[-1][0] for epoch in told],
            "the sum is not started again in each epoch": [
                expected[0],
                sum(loss * n for epoch in told for loss, n in epoch) / sum(n for _, n in told[0]),
            ],
        },
    )


def test_large_logits_give_finite_losses(submission, device):
    """large logits do not make the loss infinite"""
    model, optimizer, scheduler = build(device, lr=1e-6)
    with torch.no_grad():
        model[2].weight.mul_(1000.0)
    x = torch.randn(5, 4, device=device)
    target = model(x).argmin(dim=1)  # each sample's least likely class
    expected = F.cross_entropy(model(x), target).item()
    tried("train(...) for one epoch of one batch, with logits of the size of 1000")
    losses = submission.train(model, [(x, target)], optimizer, scheduler, 1, NEVER)
    assert_close(
        losses,
        [expected],
        what="the list of losses",
        rtol=1e-5,  # as above
        mistakes={"the logarithm of softmax's 0 is infinite": [float("inf")]},
        hint="F.cross_entropy of the logits, or log_softmax",
    )


class Watched(nn.Module):
    """A model that notes the mode it runs in."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 3)
        self.modes, self.inputs = [], []

    def forward(self, x):
        self.modes.append(self.training and self.inner.training)
        self.inputs.append(x)
        return self.inner(x.flatten(1).float())


def test_model_runs_in_training_mode(submission, device):
    """every batch runs once, in training mode"""
    model = Watched().to(device)
    model.eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    tried(
        "train(...) for two epochs of three batches, on a model that is in eval mode when handed over"
    )
    submission.train(model, loader(device, 7, 3), optimizer, scheduler, 2)
    assert all(model.modes), (
        "the model runs in eval mode: without model.train() dropout is off and BatchNorm's statistics stand still"
    )
    assert len(model.modes) == 6, (
        f"two epochs of three batches are 6 forward passes, got {len(model.modes)}"
    )


class Changing:
    """A loader that gives other batches in its second pass, as shuffling does; whole numbers of shape (B, 2, 2)."""

    def __init__(self, model, device):
        inputs = [[torch.randint(0, 9, (n, 2, 2), device=device) for n in (3, 2)] for _ in range(2)]
        with (
            torch.no_grad()
        ):  # the first pass asks for the likeliest class, the second for the least likely
            first = [(x, model(x).argmax(dim=1)) for x in inputs[0]]
            second = [(x, model(x).argmin(dim=1)) for x in inputs[1]]
        self.passes, self.count = [first, second], 0

    def __len__(self):
        return 2

    def __iter__(self):
        self.count += 1
        return iter(self.passes[(self.count - 1) % 2])


def test_each_epoch_reads_the_loader_again(submission, device):
    """each epoch takes the loader's batches as they come, and reports its own loss"""
    model = Watched().to(device)
    batches = Changing(model, device)
    with torch.no_grad():
        losses = [
            [F.cross_entropy(model(x), target).item() for x, target in one]
            for one in batches.passes
        ]
    expected = [(3 * first + 2 * second) / 5 for first, second in losses]
    model.inputs.clear()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    tried(
        "train(...) for two epochs, lr 0; the loader's second pass has other batches, with larger losses"
    )
    told = submission.train(model, batches, optimizer, scheduler, 2)
    wanted = [x for one in batches.passes for x, _ in one]
    if len(model.inputs) == 4 and model.inputs[2].equal(model.inputs[0]):
        fail(
            "the second epoch runs on the batches of the first",
            mistake="a list of the loader is made once, so data that it shuffles or augments anew stay as they were",
            hint="for x, target in loader: inside the loop over epochs",
        )
    same = len(model.inputs) == 4 and all(
        a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(model.inputs, wanted, strict=True)
    )
    assert same, (
        "the model should be given each batch's inputs as they are, here int64 of the shapes (3, 2, 2) and (2, 2, 2); "
        f"it got {[(a.dtype, tuple(a.shape)) for a in model.inputs]}"
    )
    assert_close(told, expected, what="the list of losses", rtol=1e-5)  # as above
