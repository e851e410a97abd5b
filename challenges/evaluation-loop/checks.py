"""Hidden checks for evaluation-loop. A check's docstring is the line the learner sees."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

from drill.checking import assert_close, fail, tried

RTOL = 1e-5  # sums of float32 losses in any order


class Log(list):
    """A deep copy of the model writes into the same one: running a copy is right too."""

    def __deepcopy__(self, memo):
        return self


class Watch(nn.Module):
    """Passes its input on, and notes its mode and whether a graph is being built."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def forward(self, x):
        self.log.append((self.training, torch.is_grad_enabled()))
        return x


def make_model(device, log=None):
    """3 features, 4 classes; BatchNorm with statistics of its own, so that the mode shows."""
    model = nn.Sequential(
        nn.Linear(3, 6), nn.BatchNorm1d(6), Watch(Log() if log is None else log), nn.Linear(6, 4)
    ).to(device)
    model[1].running_mean.normal_()
    model[1].running_var.uniform_(0.5, 2.0)
    return model


def make_data(model, device):
    """10 samples: most of the first 8 are classified right, and the last 2 wrong with a large loss."""
    x = 3 * torch.randn(10, 3, device=device)
    with torch.no_grad():
        order = copy.deepcopy(model).eval()(x).argsort(dim=1, descending=True)  # (10, 4)
    y = order[:, 0].clone()
    y[2], y[5] = order[2, 1], order[5, 2]
    y[8:] = order[8:, 3]
    return TensorDataset(x, y)


def per_batch(model, loader, criterion):
    """(loss, right answers, size) of every batch, in eval mode or in the mode the model is in."""
    with torch.no_grad():
        found = []
        for data, target in loader:
            logits = model(data)
            found.append(
                (
                    criterion(logits, target).item(),
                    int((logits.argmax(1) == target).sum()),
                    len(target),
                )
            )
    return found


def means(batches):
    seen = sum(n for _, _, n in batches)
    return sum(loss * n for loss, _, n in batches) / seen, sum(
        right for _, right, _ in batches
    ) / seen


def evaluate(submission, *arguments):
    """The result as a pair of numbers, or the reason why it is none."""
    got = submission.evaluate(*arguments)
    if got is None:
        fail("evaluate gives None", hint="return loss, accuracy")
    assert isinstance(got, tuple | list), (
        f"the result should be the tuple (loss, accuracy), got a {type(got).__name__}"
    )
    assert len(got) == 2, f"the result should be the tuple (loss, accuracy), got {len(got)} values"
    for name, value in zip(("loss", "accuracy"), got, strict=True):
        if isinstance(value, torch.Tensor):
            fail(
                f"the {name} is a tensor, not a float",
                hint=".item() on the way, or float() at the end",
            )
        assert isinstance(value, float), (
            f"the {name} should be a float, got a {type(value).__name__}"
        )
    return got


def test_two_floats_come_back(submission, device):
    """two plain floats come back"""
    model = make_model(device)
    tried("evaluate(model, dataloader, nn.CrossEntropyLoss())")
    evaluate(
        submission, model, DataLoader(make_data(model, device), batch_size=4), nn.CrossEntropyLoss()
    )


def test_model_runs_in_eval_mode(submission, device):
    """the model runs in eval mode"""
    log = Log()
    model = make_model(device, log)
    data = make_data(model, device)
    log.clear()
    tried("evaluate(model, ...) with a model in training mode")
    evaluate(submission, model.train(), DataLoader(data, batch_size=4), nn.CrossEntropyLoss())
    if not log or any(training for training, _ in log):
        fail(
            "the model was called in training mode" if log else "the model was not called",
            mistake="Dropout would drop, and BatchNorm would normalise by the batch and learn from the test data",
            hint="model.eval() before the loop",
        )


def test_loss_is_the_mean_over_samples(submission, device):
    """the loss is the mean over all samples"""
    model = make_model(device).eval()
    loader = DataLoader(make_data(model, device), batch_size=4)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.2)
    batches = per_batch(model, loader, criterion)
    tried("evaluate(model, ...) on batches of 4, 4 and 2, CrossEntropyLoss(label_smoothing=0.2)")
    loss, _ = evaluate(submission, model, loader, criterion)
    assert_close(
        loss,
        means(batches)[0],
        what="the loss",
        rtol=RTOL,
        mistakes={
            "the mean is over batches, so the samples of the smaller last batch count more": sum(
                b[0] for b in batches
            )
            / 3,
            "it is the sum over the batches, not a mean": sum(b[0] for b in batches),
            "the batches' means are divided by the number of samples; multiply each by its batch size first": sum(
                b[0] for b in batches
            )
            / 10,
            "each mean is multiplied by the loader's batch_size, but the last batch is smaller": sum(
                4 * b[0] for b in batches
            )
            / 10,
            "it is the sum over the samples, not divided by their number": 10 * means(batches)[0],
            "it is the sum over the samples, divided by the number of batches": 10
            * means(batches)[0]
            / 3,
            "it is the loss of the last batch alone": batches[-1][0],
            "the accuracy comes first; return loss, accuracy": means(batches)[1],
            "F.cross_entropy is called in place of the criterion that was passed in": means(
                per_batch(model, loader, F.cross_entropy)
            )[0],
            "the criterion wants logits; softmax is in it already": means(
                per_batch(
                    model, loader, lambda logits, target: criterion(logits.softmax(1), target)
                )
            )[0],
        },
        hint="add criterion(...).item() * len(target), and divide by the number of samples",
    )


def test_accuracy_is_over_samples(submission, device):
    """the accuracy is the share of all samples"""
    model = make_model(device).eval()
    data = make_data(model, device)
    loader = DataLoader(data, batch_size=4)
    batches = per_batch(model, loader, F.cross_entropy)
    tried("evaluate(model, ...) on batches of 4, 4 and 2")
    _, accuracy = evaluate(submission, model, loader, nn.CrossEntropyLoss())
    assert_close(
        accuracy,
        means(batches)[1],
        what="the accuracy",
        mistakes={
            "the mean is over batches, so the samples of the smaller last batch count more": sum(
                right / n for _, right, n in batches
            )
            / 3,
            "it is in percent; from 0 to 1 is asked for": 100 * means(batches)[1],
            "it is the number of right answers, not their share": 10 * means(batches)[1],
            "it is the share of wrong answers": 1 - means(batches)[1],
            "it looks for the smallest logit": means(
                per_batch(lambda x: -model(x), loader, F.cross_entropy)
            )[1],
            "right answers are divided by the number of batches": 10 * means(batches)[1] / 3,
            "it is the accuracy of the last batch alone": batches[-1][1] / batches[-1][2],
        },
        hint="(logits.argmax(dim=1) == target).sum(), over the number of samples",
    )


def test_accuracy_looks_along_the_classes(submission, device):
    """the largest logit is looked for along the classes"""
    model = nn.Identity()
    logits = torch.tensor(
        [[1.0, 5, 0, 0], [9, 8, 0, 0], [0, 7, 2, 9], [0, 0, 3, 1]], device=device
    )  # rows' largest: 1, 0, 3, 2
    target = torch.tensor([1, 0, 3, 0], device=device)
    tried("evaluate(nn.Identity(), ...) on one batch of 4 samples and 4 classes")
    _, accuracy = evaluate(
        submission,
        model,
        DataLoader(TensorDataset(logits, target), batch_size=4),
        nn.CrossEntropyLoss(),
    )
    along_samples = (logits.argmax(0) == target).float().mean().item()
    assert_close(
        accuracy,
        0.75,
        what="the accuracy",
        mistakes={"argmax goes along the samples; the classes are dim=1": along_samples},
    )


def test_only_samples_given_are_counted(submission, device):
    """only the samples that the loader gives are counted"""
    model = make_model(device).eval()
    data = make_data(model, device)
    loader = DataLoader(data, batch_size=4, sampler=SubsetRandomSampler([1, 2, 3, 8, 5, 9]))
    subset = DataLoader(torch.utils.data.Subset(data, [1, 2, 3, 8, 5, 9]), batch_size=6)
    loss, accuracy = means(per_batch(model, subset, F.cross_entropy))
    tried("evaluate(model, ...) with a sampler that gives 6 of the dataset's 10 samples")
    got = evaluate(submission, model, loader, nn.CrossEntropyLoss())
    by_dataset = "the sum is divided by len(dataloader.dataset), but the loader gives only some of its samples"
    padded = "the sum is divided by the number of batches times the batch size, but the last batch is smaller"
    hint = "count the samples as they come"
    for name, value, right in (("loss", got[0], loss), ("accuracy", got[1], accuracy)):
        assert_close(
            value,
            right,
            what=f"the {name}",
            rtol=RTOL,
            hint=hint,
            mistakes={by_dataset: right * 6 / 10, padded: right * 6 / 8},
        )


def test_other_data_and_criteria(submission, device):
    """data may be integers, a criterion a function, and a batch one sample"""
    model = nn.Sequential(nn.Embedding(20, 6), nn.Linear(6, 4)).to(device).eval()
    data = torch.randperm(20, device=device)[:7]
    target = model(data).argmax(1)
    target[[1, 4, 6]] = (target[[1, 4, 6]] + 1) % 4
    loader = DataLoader(TensorDataset(data, target), batch_size=3)

    def criterion(logits, target):
        return 1e-4 * F.cross_entropy(logits, target)

    loss, accuracy = means(per_batch(model, loader, criterion))
    tried("evaluate(model, ...) on integer data in batches of 3, 3 and 1, with a small criterion")
    got = evaluate(submission, model, loader, criterion)
    # The loss is small, so nothing absolute; the accuracy may be a float32.
    hint = "give both as they are, not rounded"
    assert_close(got[0], loss, what="the loss", rtol=RTOL, atol=0.0, hint=hint)
    assert_close(got[1], accuracy, what="the accuracy", rtol=1e-6, atol=0.0, hint=hint)
    criterion = nn.CrossEntropyLoss()
    tried("evaluate(model, ..., nn.CrossEntropyLoss()), looking at the criterion afterwards")
    evaluate(submission, model, loader, criterion)
    assert criterion.reduction == "mean", (
        f"the criterion's reduction was 'mean', and is {criterion.reduction!r}; training goes on with it"
    )


def test_no_graph_is_built(submission, device):
    """no graph is built"""
    log = Log()
    model = make_model(device, log)
    data = make_data(model, device)
    log.clear()
    tried("evaluate(model, ...), watching torch.is_grad_enabled() inside the model")
    evaluate(submission, model, DataLoader(data, batch_size=4), nn.CrossEntropyLoss())
    if any(building for _, building in log):
        fail(
            "graphs are built during the evaluation",
            mistake="eval() does not turn gradients off, and item() or detach() come when all activations have been kept",
            hint="@torch.no_grad() on the function, or with torch.no_grad(): around the loop",
        )
    assert torch.is_grad_enabled(), "gradients were on before the call, and are off after it"
    tried("evaluate(model, ...), called under torch.no_grad()")
    with torch.no_grad():
        evaluate(submission, model, DataLoader(data, batch_size=4), nn.CrossEntropyLoss())
        if torch.is_grad_enabled():
            fail(
                "gradients were off before the call, and are on after it",
                mistake="set_grad_enabled(True) at the end, whatever the mode was before",
                hint="with torch.no_grad(): puts the mode back by itself",
            )


@pytest.mark.parametrize("training", [True, False], ids=["from training", "from eval"])
def test_mode_is_restored(submission, device, training):
    """the model is back in the mode it was in"""
    model = make_model(device)
    loader = DataLoader(make_data(model, device), batch_size=4)
    model.train(training)
    word = {True: "training", False: "eval"}
    tried(f"evaluate(model, ...) with a model in {word[training]} mode")
    evaluate(submission, model, loader, nn.CrossEntropyLoss())
    if any(module.training != training for module in model.modules()):
        fail(
            f"the model was in {word[training]} mode, and is in {word[not training]} mode afterwards",
            mistake="the next epoch would train in eval mode"
            if training
            else "model.train() at the end, whatever the mode was before",
            hint="was_training = model.training, and model.train(was_training) at the end",
        )


def test_model_is_left_alone(submission, device):
    """weights, buffers and gradients do not change"""
    model = make_model(device).train()
    loader = DataLoader(make_data(model, device), batch_size=4)
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    model[0].bias.requires_grad_(False)
    before = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    tried("evaluate(model, ...), looking at the model before and after")
    evaluate(submission, model, loader, nn.CrossEntropyLoss())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), f"{name} changed"
    for (name, parameter), gradient in zip(model.named_parameters(), gradients, strict=True):
        trained = name != "0.bias"
        assert parameter.requires_grad == trained, (
            f"{name}.requires_grad was {trained}, and is {not trained}; no_grad needs no flags of parameters"
        )
        same = parameter.grad is not None and torch.equal(parameter.grad, gradient)
        assert same, (
            f"the gradient of {name} changed; an evaluation between two micro-batches would spoil the step"
        )
