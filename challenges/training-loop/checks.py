"""Hidden checks for training-loop. A check's docstring is the line the learner sees."""

import copy
import math
import weakref
from itertools import chain

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from drill.checking import assert_close, fail, tried


def lopsided(output, target):
    """A regression loss that punishes too much harder than too little: the order of its arguments shows."""
    error = output - target
    return torch.where(error > 0, 3.0, 0.5).mul(error**2).mean()


class Case:
    """A model, data and optimizer that can be made again, the same, for the oracle and for each known mistake."""

    def __init__(self, model, data, criterion, make_optimizer, **loader_options):
        self.model, self.data, self.criterion, self.make_optimizer = (
            model,
            data,
            criterion,
            make_optimizer,
        )
        self.loader_options = {"batch_size": 4, **loader_options}

    def fresh(self):
        model = copy.deepcopy(self.model)
        loader = DataLoader(TensorDataset(*self.data), **self.loader_options)
        return model, loader, self.criterion, self.make_optimizer(model.parameters())

    def weights(self, wrong=(), epochs=3):
        """The parameters that training ends with, right or with one known mistake in the loop."""
        model, loader, criterion, optimizer = self.fresh()
        model.train()
        for _ in range(1 if "one epoch" in wrong else epochs):
            if "new optimizer each epoch" in wrong:
                optimizer = self.make_optimizer(model.parameters())
            if "zero once an epoch" in wrong or "step once an epoch" in wrong:
                optimizer.zero_grad()
            for data, target in loader:
                if not {"zero once an epoch", "step once an epoch", "never zero"} & set(wrong):
                    optimizer.zero_grad()
                if "plain criterion" in wrong:
                    loss = F.cross_entropy(model(data), target)
                elif "swapped" in wrong:
                    loss = criterion(target, model(data))
                else:
                    loss = criterion(model(data), target)
                loss.backward()
                if "step once an epoch" not in wrong:
                    optimizer.step()
                if "two steps" in wrong:
                    optimizer.step()
                if "one batch" in wrong:
                    break
            if "step once an epoch" in wrong:
                optimizer.step()
        return flat(model)


def flat(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def regression(device, optimizer=torch.optim.SGD, **options):
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).to(device)
    x = torch.randn(10, 3, device=device)
    y = 2 * torch.randn(10, 2, device=device)
    y[8:] *= 3  # the last, smaller batch has a loss of its own
    return Case(model, (x, y), lopsided, lambda p: optimizer(p, lr=0.02, momentum=0.8), **options)


def classification(device):
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)).to(device)
    x, y = torch.randn(11, 4, device=device), torch.randint(0, 3, (11,), device=device)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.2)
    return Case(model, (x, y), criterion, lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.01))


def train(submission, *arguments, **options):
    try:
        return submission.train(*arguments, **options)
    except RuntimeError as error:
        if "modified by an inplace operation" in str(error):
            fail(
                "backward() needs weights that have changed since the forward pass",
                mistake="step() comes before backward(); it then uses the gradients of the batch before, and changes the weights too early",
                hint="loss.backward(), then optimizer.step()",
            )
        if "does not require grad" in str(error):
            fail(
                "backward() finds no graph to go back through",
                mistake="the loss is cut off from the parameters, by no_grad, detach() or item()",
                hint="call backward() on what the criterion returned, and turn gradients off nowhere",
            )
        raise


def test_regression_is_trained_step_by_step(submission, device):
    """a regression ends with the weights of the five steps"""
    case = regression(device)
    tried("train(...) on batches of 4, 4 and 2, 3 epochs, SGD with momentum")
    model, loader, criterion, optimizer = case.fresh()
    train(submission, model, loader, criterion, optimizer, 3)
    assert_close(
        flat(model),
        case.weights(),
        what="the weights after training",
        mistakes={
            "the weights never change: step() is not called, or finds no gradients, because backward() is "
            "missing or zero_grad() stands between backward() and step()": flat(case.model),
            "gradients are never set to zero, so each backward() adds to the last": lambda: (
                case.weights(["never zero"])
            ),
            "gradients are set to zero once an epoch; each batch needs it": lambda: case.weights(
                ["zero once an epoch"]
            ),
            "step() is called once an epoch; every batch is an update": lambda: case.weights(
                ["step once an epoch"]
            ),
            "step() is called twice for a batch": lambda: case.weights(["two steps"]),
            "only one epoch is trained": lambda: case.weights(["one epoch"]),
            "only the first batch of each epoch is used": lambda: case.weights(["one batch"]),
            "the criterion is called as criterion(target, output); torch's order is (output, target)": lambda: (
                case.weights(["swapped"])
            ),
            "the optimizer's state is lost between epochs": lambda: case.weights(
                ["new optimizer each epoch"]
            ),
        },
        hint="for each batch: zero_grad, forward, loss, backward, step",
    )


def test_classification_is_trained_step_by_step(submission, device):
    """a classification ends with the weights of the five steps"""
    case = classification(device)
    tried("train(...) with CrossEntropyLoss(label_smoothing=0.2) and Adam, num_epochs=4")
    model, loader, criterion, optimizer = case.fresh()
    train(submission, model, loader, criterion, optimizer, num_epochs=4)
    assert_close(
        flat(model),
        case.weights(epochs=4),
        what="the weights after training",
        mistakes={
            "F.cross_entropy is called in place of the criterion that was passed in": lambda: (
                case.weights(["plain criterion"], epochs=4)
            ),
            "the optimizer's state is lost between epochs": lambda: case.weights(
                ["new optimizer each epoch"], epochs=4
            ),
        },
        hint="use the criterion and the optimizer that were passed in",
    )


class Watch(nn.Module):
    """Passes its input on, and notes the mode it was called in."""

    def __init__(self, seen):
        super().__init__()
        self.seen = [seen]

    def forward(self, x):
        self.seen[0].append(self.training)
        return x


def test_training_mode_is_set(submission, device):
    """the model trains in training mode, even when it comes in as eval() left it"""
    seen = []
    model = nn.Sequential(
        nn.Linear(3, 4), nn.Dropout(0.1), nn.Sequential(Watch(seen)), nn.Linear(4, 2)
    ).to(device)
    case = regression(device)
    case.model = model.eval()
    tried("train(...) with a model in eval mode")
    model, loader, criterion, optimizer = case.fresh()
    model[2][0].seen = [seen]
    train(submission, model, loader, criterion, optimizer, 2)
    assert len(seen) == 6, (
        f"2 epochs of 3 batches need 6 forward passes, the model was called {len(seen)} times"
    )
    if not all(seen):
        fail(
            f"{seen.count(False)} of {len(seen)} forward passes ran in eval mode",
            mistake="BatchNorm and Dropout train only after model.train()",
            hint="call model.train() before the first batch",
        )


def test_old_gradients_take_no_part(submission, device):
    """gradients left from before the call take no part"""
    case = regression(device)
    model, loader, criterion, optimizer = case.fresh()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    tried("train(...) with gradients of 1 in every parameter's .grad before the call")
    train(submission, model, loader, criterion, optimizer, 3)
    if not torch.allclose(flat(model), case.weights(), rtol=1e-5, atol=1e-6):
        fail(
            "gradients from before the call went into the first update",
            mistake="zero_grad() at the end of a step leaves whatever was there before the first one",
            hint="call optimizer.zero_grad() before each backward()",
        )


class Scores(nn.Module):
    """Token indices (B,) to a column (B, 1); keeps what it was given and what it gave."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(20, 1)
        self.inputs, self.outputs = [], []

    def forward(self, x):
        y = self.table(x)
        self.inputs.append(x.detach().clone())
        self.outputs.append(y.detach().clone())
        return y


def test_batches_go_in_as_they_are(submission, device):
    """the data, the output and the target are passed on as they are"""
    model = Scores().to(device)
    # A table's gradient is zero in the rows that a batch does not use.
    data = torch.randperm(20, device=device)[:9], torch.randn(9, 1, device=device)
    received = []

    def criterion(output, target):
        received.append((len(model.outputs) - 1, output.detach().clone(), target.clone()))
        return F.mse_loss(output, target)

    loader = DataLoader(TensorDataset(*data), batch_size=4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    tried("train(...) on integer data (B,) and targets (B, 1), in batches of 4, 4 and 1, 1 epoch")
    train(submission, model, loader, criterion, optimizer, 1)
    hint = "model(data), then criterion(output, target), and nothing in between"
    batches = list(loader)
    assert len(received) == 3, (
        f"the loader gives 3 batches, one of a single sample, and the criterion was called on {len(received)}"
    )
    for (x, _), got in zip(batches, model.inputs, strict=False):
        assert_close(got, x, what="the data that the model gets", hint=hint)
    for i, output, target in received:
        assert_close(output, model.outputs[i], what="the output that the criterion gets", hint=hint)
        assert_close(target, batches[i][1], what="the target that the criterion gets", hint=hint)


class CountingLoader(DataLoader):
    """Counts the passes that are begun."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


def test_each_epoch_is_a_new_pass(submission, device):
    """each epoch is one pass over the loader, which shuffles anew"""
    seen = []
    model = nn.Sequential(nn.Linear(1, 1)).to(device)
    model.register_forward_hook(
        lambda module, args, output: seen.append(args[0].flatten().tolist())
    )
    x = torch.arange(12.0, device=device)[:, None] / 12
    generator = torch.Generator().manual_seed(torch.randint(2**31, ()).item())
    loader = CountingLoader(TensorDataset(x, x), batch_size=4, shuffle=True, generator=generator)
    tried("train(...) with a loader that shuffles, 3 epochs")
    train(submission, model, loader, nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.1), 3)
    if seen[:3] == seen[3:6] == seen[6:9]:
        fail(
            "all epochs saw the same batches in the same order, although the loader shuffles",
            mistake="the batches are collected once, which also keeps the whole data set in memory",
            hint="go through the loader anew in each epoch: for data, target in dataloader",
        )
    if loader.passes > 3:
        fail(
            f"the loader was gone through {loader.passes} times in 3 epochs",
            mistake="a pass that only counts, or only looks, loads all data once more and draws another order",
            hint="count the samples as they come: seen += len(target)",
        )


def per_epoch(case, epochs):
    """Lists of (loss, size) of every batch, by epoch, each loss taken before its update."""
    model, loader, criterion, optimizer = case.fresh()
    model.train()
    for _ in range(epochs):
        losses = []
        for data, target in loader:
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            losses.append((loss.item(), len(data)))
        yield losses


def mean(losses):
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)


def test_losses_come_back_as_floats(submission, device):
    """a list of plain floats comes back, one for each epoch"""
    tried("train(...), 3 epochs")
    losses = train(submission, *regression(device).fresh(), 3)
    assert isinstance(losses, list), (
        f"the losses should come back as a list, got {'None (is a return missing?)' if losses is None else type(losses).__name__}"
    )
    assert len(losses) == 3, f"3 epochs should give 3 losses, got {len(losses)}"
    for loss in losses:
        if isinstance(loss, torch.Tensor):
            fail(
                "a loss in the list is a tensor, not a float",
                mistake="a tensor keeps its device memory, and its graph if it has one",
                hint="loss.item()",
            )
        assert isinstance(loss, float), f"each loss should be a float, got a {type(loss).__name__}"
    # Training is not cut short because the loss rises.
    case = regression(device)
    case.make_optimizer = lambda p: torch.optim.SGD(p, lr=0.001, maximize=True)
    for epochs in (4, 0):
        tried(f"train(...) with an optimizer that makes the loss rise, num_epochs={epochs}")
        losses = train(submission, *case.fresh(), epochs)
        assert len(losses) == epochs, (
            f"{epochs} epochs should give {epochs} losses, got {len(losses)}"
        )


def test_losses_are_means_over_samples(submission, device):
    """each epoch's loss is the mean over its samples"""
    case = regression(device)
    epochs = list(per_epoch(case, 3))
    everything = [mean(list(chain.from_iterable(epochs[: i + 1]))) for i in range(3)]
    tried("train(...) on batches of 4, 4 and 2, 3 epochs")
    assert_close(
        train(submission, *case.fresh(), 3),
        [mean(losses) for losses in epochs],
        what="losses",
        rtol=1e-5,  # sums of float32 losses in any order
        mistakes={
            "the mean is over batches, so the samples of the smaller last batch count more": [
                sum(loss for loss, _ in losses) / len(losses) for losses in epochs
            ],
            "it is the loss of the last batch alone": [losses[-1][0] for losses in epochs],
            "it is the sum over the batches, not a mean": [
                sum(loss for loss, _ in losses) for losses in epochs
            ],
            "it is the sum over the samples, not divided by their number": [
                sum(loss * n for loss, n in losses) for losses in epochs
            ],
            "the batches' mean losses are divided by the number of samples; multiply each by its batch size first": [
                sum(loss for loss, _ in losses) / 10 for losses in epochs
            ],
            "each mean is multiplied by the loader's batch_size, but the last batch is smaller": [
                sum(loss * 4 for loss, _ in losses) / 10 for losses in epochs
            ],
            "the sums are not started again at each epoch": everything,
        },
        hint="add loss.item() * len(data), and divide by the number of samples added",
    )
    case.criterion = lambda output, target: 1e-4 * lopsided(output, target)
    tried("train(...) on the same batches, with a criterion that is 10,000 times smaller, 1 epoch")
    assert_close(
        train(submission, *case.fresh(), 1),
        [mean(losses) for losses in per_epoch(case, 1)],
        what="losses",
        rtol=1e-5,  # as above
        atol=0.0,  # the losses are small
        hint="give the losses as they are, not rounded",
    )


def test_only_samples_seen_are_counted(submission, device):
    """samples that the loader leaves out do not count"""
    case = regression(device, drop_last=True)
    (losses,) = per_epoch(case, 1)
    tried("train(...) on 10 samples, batch_size=4, drop_last=True, 1 epoch")
    got = train(submission, *case.fresh(), 1)
    assert_close(
        got,
        [mean(losses)],
        what="losses",
        rtol=1e-5,  # sums of float32 losses in any order
        mistakes={
            "the sum is divided by len(dataloader.dataset), but the loader left samples out": [
                mean(losses) * 8 / 10
            ],
        },
        hint="count the samples as they come",
    )


class Marker:
    """Lives as long as the graph that holds it."""


class Mark(torch.autograd.Function):
    """The identity, with a marker in the graph."""

    @staticmethod
    def forward(x, alive):
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):  # apart from forward, as torch.func wants it
        ctx.marker = Marker()
        inputs[1].append(weakref.ref(ctx.marker))

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class Marked(nn.Module):
    """Marks the graph of each forward pass, and notes how many are alive at the next."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.alive, self.most = inner, [], 0

    def forward(self, x):
        self.most = max(self.most, sum(marker() is not None for marker in self.alive))
        return Mark.apply(self.inner(x), self.alive)


def test_no_graph_is_kept(submission, device):
    """a batch's graph is let go by the next one"""
    case = regression(device, batch_size=2)
    model, loader, criterion, optimizer = case.fresh()
    model = Marked(model)
    tried("train(...) on 5 batches, 2 epochs, counting the graphs that are alive")
    losses = train(submission, model, loader, criterion, optimizer, 2)
    # One may still be there: the name `loss` holds the last batch's until it is bound again.
    if model.most > 1:
        fail(
            f"up to {model.most} graphs of earlier batches are still alive",
            mistake="a running loss, or a list of losses or outputs, that have a grad_fn keeps every batch's graph",
            hint="keep loss.item() or loss.detach(), not loss",
        )
    assert all(math.isfinite(loss) for loss in losses), f"the losses should be finite, got {losses}"
