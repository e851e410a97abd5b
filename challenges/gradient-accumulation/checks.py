"""Hidden checks for gradient-accumulation. A check's docstring is the line the learner sees."""

import copy
import weakref

import torch
from torch import nn

from drill.checking import assert_close, fail, tried


def criterion(output, target):
    """Punishes too much harder than too little: the order of its arguments shows."""
    error = output - target
    return torch.where(error > 0, 2.0, 0.5).mul(error**2).mean()


def in_two_groups(parameters):
    """An update has to reach the parameters of every group."""
    first, *rest = parameters
    return [{"params": rest, "lr": 0.04}, {"params": [first]}]


class Case:
    """A float64 model, micro-batches of given sizes and an optimizer, to be made again for the oracle."""

    def __init__(self, device, sizes, optimizer=torch.optim.SGD, **options):
        self.model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to(
            device, torch.float64
        )
        self.batches = [
            # Each micro-batch has a scale of its own, so that its weight in the mean shows.
            (
                torch.randn(n, 3, device=device, dtype=torch.float64),
                (1 + i) * torch.randn(n, 2, device=device, dtype=torch.float64),
            )
            for i, n in enumerate(sizes)
        ]
        self.make_optimizer = lambda parameters: optimizer(
            in_two_groups(parameters), **{"lr": 0.05, **options}
        )

    def fresh(self):
        model = copy.deepcopy(self.model)
        return model, self.make_optimizer([p for p in model.parameters() if p.requires_grad])

    def groups(self, steps):
        return [self.batches[i : i + steps] for i in range(0, len(self.batches), steps)]

    def large_batches(self, steps, weights=None, drop_last=False, keep=False, criterion=criterion):
        """The weights and losses of the large batches; `weights(group)` puts other weights on the micro-batches' means."""
        model, optimizer = self.fresh()
        losses = []
        for group in self.groups(steps):
            if drop_last and len(group) < steps:
                continue
            if not keep:
                optimizer.zero_grad()
            sizes = [len(target) for _, target in group]
            factors = weights(sizes) if weights else [n / sum(sizes) for n in sizes]
            loss = sum(f * criterion(model(x), y) for f, (x, y) in zip(factors, group, strict=True))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return flat(model), losses

    def mean_losses(self, steps, weights):
        """The losses of the right updates, the micro-batches' means put together by other weights."""
        model, optimizer = self.fresh()
        losses = []
        for group in self.groups(steps):
            optimizer.zero_grad()
            sizes = [len(target) for _, target in group]
            means = [criterion(model(x), y) for x, y in group]
            losses.append(
                sum(w * mean.item() for w, mean in zip(weights(sizes), means, strict=True))
            )
            sum(n / sum(sizes) * mean for n, mean in zip(sizes, means, strict=True)).backward()
            optimizer.step()
        return losses


def flat(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


def judge_weights(submission, case, steps):
    model, optimizer = case.fresh()
    submission.train_epoch(model, list(case.batches), criterion, optimizer, steps)
    assert_close(
        flat(model),
        case.large_batches(steps)[0],
        what="the weights after the epoch",
        mistakes={
            "the weights never change; is optimizer.step() called?": flat(case.model),
            "every micro-batch makes an update of its own": lambda: case.large_batches(1)[0],
            "the losses are added and not divided, so the step is that of a sum of means": lambda: (
                case.large_batches(steps, lambda sizes: [1.0] * len(sizes))[0]
            ),
            "the gradient is that of the sum over the samples, not of their mean": lambda: (
                case.large_batches(steps, lambda sizes: sizes)[0]
            ),
            "each micro-batch counts the same; weigh it by its number of samples": lambda: (
                case.large_batches(steps, lambda sizes: [1 / len(sizes)] * len(sizes))[0]
            ),
            "the last update is divided by accumulation_steps, but fewer micro-batches are left for it": lambda: (
                case.large_batches(steps, lambda sizes: [1 / steps] * len(sizes))[0]
            ),
            "the micro-batches left at the end of the epoch make no update": lambda: (
                case.large_batches(steps, drop_last=True)[0]
            ),
            "all micro-batches are taken for as large as the first of the update": lambda: (
                case.large_batches(steps, lambda sizes: [n / sizes[0] / len(sizes) for n in sizes])[
                    0
                ]
            ),
            "the criterion is called as criterion(target, output); torch's order is (output, target)": lambda: (
                case.large_batches(
                    steps, criterion=lambda output, target: criterion(target, output)
                )[0]
            ),
            "gradients are not set to zero between updates": lambda: case.large_batches(
                steps, keep=True
            )[0],
            "only the last micro-batch of each update counts; its gradients must be added to those before": lambda: (
                case.large_batches(steps, lambda sizes: [0.0] * (len(sizes) - 1) + [1.0])[0]
            ),
            "only the last micro-batch of each update counts, and divided by accumulation_steps": lambda: (
                case.large_batches(steps, lambda sizes: [0.0] * (len(sizes) - 1) + [1.0 / steps])[0]
            ),
        },
        hint="the gradient of the mean over all samples of the update: weights n / N that add up to 1",
    )


def test_equal_micro_batches(submission, device):
    """micro-batches of one size make the updates of the large batches"""
    case = Case(device, [4] * 6, momentum=0.9)
    tried("train_epoch(...) on 6 micro-batches of 4, accumulation_steps=3, SGD with momentum")
    judge_weights(submission, case, 3)


def test_rest_of_the_epoch(submission, device):
    """micro-batches left at the end make an update too"""
    case = Case(device, [4] * 5, momentum=0.9)
    tried("train_epoch(...) on 5 micro-batches of 4, accumulation_steps=3: updates of 3 and of 2")
    judge_weights(submission, case, 3)
    tried("train_epoch(...) on 2 micro-batches of 4, accumulation_steps=3: one update of 2")
    judge_weights(submission, Case(device, [4] * 2), 3)


def test_one_micro_batch_for_each_update(submission, device):
    """accumulation_steps=1 makes an update of every micro-batch"""
    case = Case(device, [4, 4, 4], momentum=0.9)
    tried("train_epoch(...) on 3 micro-batches of 4, accumulation_steps=1: 3 updates")
    judge_weights(submission, case, 1)


def test_unequal_micro_batches(submission, device):
    """micro-batches of different sizes count by their samples"""
    case = Case(device, [5, 2, 3, 1, 4, 6, 1], torch.optim.Adam)
    tried("train_epoch(...) on micro-batches of 5, 2, 3, 1, 4, 6 and 1, accumulation_steps=3, Adam")
    # Adam does not see one factor for all gradients; SGD does, so both are tried.
    judge_weights(submission, case, 3)
    tried("train_epoch(...) on micro-batches of 5, 2, 3, 1, 4, 6 and 1, accumulation_steps=2, SGD")
    judge_weights(submission, Case(device, [5, 2, 3, 1, 4, 6, 1]), 2)


def test_old_gradients_take_no_part(submission, device):
    """gradients left from before the call take no part"""
    case = Case(device, [3, 2, 4])
    model, optimizer = case.fresh()
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    tried("train_epoch(...) with gradients of 1 in every parameter's .grad before the call")
    submission.train_epoch(model, case.batches, criterion, optimizer, 2)
    if not torch.allclose(flat(model), case.large_batches(2)[0]):
        fail(
            "gradients from before the call went into the first update",
            mistake="zero_grad() after each update leaves whatever was there before the first one",
            hint="call optimizer.zero_grad() before the first micro-batch as well",
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


class Net(nn.Module):
    """Marks the graph of each forward pass, and notes the batch sizes, the modes and how many graphs are alive."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.sizes, self.modes, self.alive, self.most = [], set(), [], 0

    def forward(self, x):
        self.sizes.append(len(x))
        self.modes.add(self.training)
        self.most = max(self.most, sum(marker() is not None for marker in self.alive))
        return Mark.apply(self.inner(x), self.alive)


def test_one_micro_batch_at_a_time(submission, device):
    """one micro-batch and one graph is in memory at a time"""
    case = Case(device, [2, 3, 1, 2, 3, 2])
    model = Net(case.model)
    tried(
        "train_epoch(...) on micro-batches of 2, 3, 1, 2, 3 and 2, accumulation_steps=6, watching the model"
    )
    submission.train_epoch(
        model, case.batches, criterion, case.make_optimizer(model.parameters()), 6
    )
    if sorted(model.sizes) != [1, 2, 2, 2, 3, 3]:
        fail(
            f"the model was called on batches of {model.sizes}, expected each micro-batch once",
            mistake="micro-batches are joined into a large batch, which is what does not fit into memory"
            if max(model.sizes, default=0) > 3
            else "",
            hint="one forward and one backward pass for each micro-batch",
        )
    # One may still be there: a name holds the last loss until it is bound again.
    if model.most > 1:
        fail(
            f"up to {model.most} graphs of earlier micro-batches are alive at a forward pass",
            mistake="losses that are added up for one backward pass keep all graphs, as a large batch would",
            hint="call backward() for each micro-batch: gradients add up by themselves",
        )


def test_model_stays_in_training_mode(submission, device):
    """the model trains in training mode"""
    case = Case(device, [2, 3, 1])
    model = Net(case.model)
    tried("train_epoch(...) with a model in training mode, looking at model.training in forward")
    submission.train_epoch(
        model, case.batches, criterion, case.make_optimizer(model.parameters()), 2
    )
    assert model.modes == {True}, (
        "the model is in eval mode in a forward pass, which would turn dropout off; it comes in training mode, so leave it"
    )


def test_parameters_without_gradient(submission, device):
    """a parameter that needs no gradient does no harm"""
    case = Case(device, [3, 2, 4], weight_decay=0.1)
    case.model[0].bias.requires_grad_(False)
    model = copy.deepcopy(case.model)
    optimizer = case.make_optimizer(model.parameters())
    tried("train_epoch(...) with a frozen parameter among those of the optimizer")
    try:
        submission.train_epoch(model, case.batches, criterion, optimizer, 2)
    except (AttributeError, TypeError) as error:
        fail(
            f"a parameter whose .grad is None raises {type(error).__name__}: {error}",
            hint="if p.grad is not None",
        )
    if not torch.equal(model[0].bias, case.model[0].bias):
        fail(
            "a frozen parameter changes under an optimizer with weight decay",
            mistake="it was given a gradient of zeros; its .grad is None, and stays so",
        )
    assert_close(flat(model), case.large_batches(2)[0], what="the weights after the epoch")


def test_losses_of_the_updates(submission, device):
    """one mean loss comes back for each update"""
    case = Case(device, [5, 2, 3, 1, 4])
    _, expected = case.large_batches(2)
    model, optimizer = case.fresh()
    tried("train_epoch(...) on micro-batches of 5, 2, 3, 1 and 4, accumulation_steps=2: 3 updates")
    losses = submission.train_epoch(model, case.batches, criterion, optimizer, 2)
    if losses is None:
        fail("the losses should come back as a list, got None", hint="return the list of losses")
    assert isinstance(losses, list), (
        f"the losses should come back as a list, got {type(losses).__name__}"
    )
    assert len(losses) == 3, f"3 updates should give 3 losses, got {len(losses)}"
    for loss in losses:
        if isinstance(loss, torch.Tensor):
            fail("a loss in the list is a tensor, not a float", hint="loss.item()")
        assert isinstance(loss, float), (
            f"each loss should be a Python float, got a {type(loss).__name__}"
        )
    samples = [7, 4, 4]
    assert_close(
        losses,
        expected,
        what="losses",
        mistakes={
            "it is the sum over the samples, not their mean": [
                n * loss for n, loss in zip(samples, expected, strict=True)
            ],
            "each micro-batch counts the same": case.mean_losses(
                2, lambda sizes: [1 / len(sizes)] * len(sizes)
            ),
            "the micro-batches' means are added and not divided": case.mean_losses(
                2, lambda sizes: [1.0] * len(sizes)
            ),
            "it is the loss of the last micro-batch alone": case.mean_losses(
                2, lambda sizes: [0.0] * (len(sizes) - 1) + [1.0]
            ),
            "it is the last micro-batch's part of the loss alone": case.mean_losses(
                2, lambda sizes: [0.0] * (len(sizes) - 1) + [sizes[-1] / sum(sizes)]
            ),
        },
        hint="add up each micro-batch's share, len(target) / samples times its mean",
    )
