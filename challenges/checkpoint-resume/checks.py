"""Hidden checks for checkpoint-resume. A check's docstring is the line the learner sees.

Everything is on the CPU: the exercise is about states, and torch's global CPU generator is one of them.
"""

import pickle
import random
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from drill.checking import assert_close, fail, tried


class Run:
    """A training run that draws from every generator, with a state of its own in every part."""

    def __init__(self, data_seed, seed):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        self.model = nn.Sequential(
            nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Dropout(0.3), nn.Linear(5, 2)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.05)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimizer, step_size=2, gamma=0.3)
        self.generator = torch.Generator().manual_seed(seed)
        made = torch.Generator().manual_seed(data_seed)
        data = TensorDataset(torch.randn(10, 3, generator=made), torch.randn(10, 2, generator=made))
        self.loader = DataLoader(data, batch_size=4, shuffle=True, generator=self.generator)

    @property
    def parts(self):
        return self.model, self.optimizer, self.scheduler, self.generator

    def epochs(self, first, last):
        """Train these epochs, in the mode the model is in; gives each batch's loss."""
        losses = []
        for _ in range(first, last):
            for x, y in self.loader:
                x = x * (1 + 0.1 * random.gauss(0, 1)) + 0.1 * float(np.random.randn())
                self.optimizer.zero_grad()
                loss = F.mse_loss(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                losses.append(loss.item())
            self.scheduler.step()
        return losses


def stir():
    """What happens between a crash and the new start: all generators are somewhere else."""
    torch.manual_seed(987)
    random.seed(987)
    np.random.seed(987)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


def saved(submission, path, seed, epochs=3):
    """A run of three epochs, saved."""
    run = Run(seed, seed + 1)
    run.epochs(0, epochs)
    try:
        submission.save_checkpoint(path, *run.parts, epochs)
    except (TypeError, AttributeError) as error:
        kind = "a string" if isinstance(path, str) else "a Path"
        if "Path" not in str(error) and "'str'" not in str(error):
            raise
        fail(
            f"save_checkpoint with a path that is {kind} raises {type(error).__name__}: {error}",
            mistake="a path is a string or a Path, and the two have other operators and methods",
            hint='f"{path}.tmp" works for both; so does Path(path)',
        )
    return run


def loaded(submission, path, seed):
    run = Run(seed, seed + 99)
    try:
        epoch = submission.load_checkpoint(path, *run.parts)
    except pickle.UnpicklingError as error:
        fail(
            f"torch.load refuses the file: {str(error).splitlines()[0]}",
            mistake="torch.load takes tensors and plain Python values only, unless weights_only=False; NumPy's state holds an array",
            hint="save keys.tolist(), or load your own files with weights_only=False",
        )
    return run, epoch


def test_number_of_epochs_comes_back(submission, path, seed):
    """load_checkpoint gives the number of epochs done"""
    for done in (2, 0):
        tried(f"save_checkpoint(..., epoch={done})")
        saved(submission, path, seed, done)
        assert path.is_file(), "save_checkpoint wrote no file at the path"
        others = sorted(file.name for file in path.parent.iterdir() if file != path)
        assert not others, (
            f"save_checkpoint left other files beside the one at the path: {', '.join(others)}"
        )
        tried(f"load_checkpoint(...) after save_checkpoint(..., epoch={done})")
        _, epoch = loaded(submission, path, seed)
        if epoch is None:
            fail("load_checkpoint gives None", hint="return the number of epochs done")
        if epoch == done + 1:
            fail(
                f"{done} epochs were done, got {epoch}",
                mistake="epoch counts the epochs that are done; the next one in range(epoch, ...) is not to be left out",
            )
        assert_close(epoch, done, what="the number of epochs done")
    submission.save_checkpoint(path, *Run(seed, seed + 1).parts, epoch=17)
    tried(
        "load_checkpoint(...) after save_checkpoint(..., epoch=17), with a scheduler that has taken no step"
    )
    epoch = loaded(submission, path, seed)[1]
    assert epoch == 17, f"the number of epochs done should be the 17 that was saved, got {epoch}"


def test_model_comes_back(submission, path, seed):
    """the weights and buffers come back"""
    run = saved(submission, str(path), seed)
    expected = {name: tensor.clone() for name, tensor in run.model.state_dict().items()}
    run.epochs(3, 4)
    tried("load_checkpoint(...) with a path that is a string, then model.state_dict()")
    other, _ = loaded(submission, str(path), seed)
    held = {id(p) for group in other.optimizer.param_groups for p in group["params"]}
    for name, parameter in other.model.named_parameters():
        if id(parameter) not in held:
            fail(
                f"{name} of the model is another tensor than the optimizer holds after load_checkpoint",
                mistake="the model's parameters were replaced (assign=True, or a whole model loaded), and the optimizer would train the old ones",
                hint="model.load_state_dict(...) copies into the parameters that are there",
            )
    got = other.model.state_dict()
    wrong = [name for name in expected if not torch.equal(got[name], expected[name])]
    if wrong:
        fail(
            f"{', '.join(wrong)} differ from those that were saved",
            mistake="parameters() has no buffers"
            if all("running" in name or "tracked" in name for name in wrong)
            else "",
            hint="model.state_dict() and model.load_state_dict()",
        )


def test_optimizer_comes_back(submission, path, seed):
    """the optimizer's state comes back"""
    run = saved(submission, path, seed)
    other, _ = loaded(submission, path, seed)
    tried("load_checkpoint(...), then the state that Adam keeps for each parameter")
    for index, (parameter, twin) in enumerate(
        zip(run.model.parameters(), other.model.parameters(), strict=True)
    ):
        if twin not in other.optimizer.state:
            fail(
                f"the optimizer has no state for parameter {index}",
                mistake="Adam starts again without its averages, and its first steps are too large",
                hint="optimizer.state_dict(), and optimizer.load_state_dict()",
            )
        expected, got = run.optimizer.state[parameter], other.optimizer.state[twin]
        for name, value in expected.items():
            assert_close(got.get(name), value, what=f"{name} of parameter {index}", rtol=0, atol=0)
    assert_close(
        other.optimizer.param_groups[0]["betas"],
        run.optimizer.param_groups[0]["betas"],
        what="betas",
    )


def test_scheduler_comes_back(submission, path, seed):
    """the learning rates go on where they were"""
    run = saved(submission, path, seed)
    other, _ = loaded(submission, path, seed)
    go_on_alike(run, other, "StepLR")
    runs = [Run(seed, seed + 1), Run(seed, seed + 99)]
    for each in runs:
        each.scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(each.optimizer, 4)
    run, other = runs
    for _ in range(6):
        run.optimizer.step()
        run.scheduler.step()
    submission.save_checkpoint(path, *run.parts, 6)
    submission.load_checkpoint(path, *other.parts)
    go_on_alike(run, other, "CosineAnnealingWarmRestarts")


def go_on_alike(run, other, scheduler):
    rates = []
    for each in (run, other):
        found = [each.optimizer.param_groups[0]["lr"]]
        for _ in range(4):
            each.scheduler.step()
            found.append(each.optimizer.param_groups[0]["lr"])
        rates.append([round(rate, 12) for rate in found])
    tried(f"load_checkpoint(...), then the learning rates of the next epochs, with {scheduler}")
    if rates[0] != rates[1]:
        fail(
            f"the learning rates should be {rates[0]}, they are {rates[1]}",
            mistake="the optimizer keeps the present rate, and the scheduler the number of epochs behind it; both are needed"
            if rates[0][0] == rates[1][0]
            else "the present rate is in the optimizer's param_groups; its state alone, or the scheduler's, does not bring it back",
            hint="scheduler.state_dict(), and scheduler.load_state_dict()",
        )


def draws(generator):
    """The next numbers of each generator; odd in number, so that half-used pairs of normal numbers show."""
    return {
        "the loader's generator": torch.rand(3, generator=generator).tolist(),
        "torch's global generator": torch.rand(3).tolist(),
        "Python's random": [random.random(), random.gauss(0, 1)],
        "NumPy's global generator": [float(np.random.rand()), float(np.random.randn())],
    }


def shown(values):
    return ", ".join(f"{value:.6g}" for value in values)


def test_random_states_come_back(submission, path, seed):
    """every generator goes on where it was"""
    run = Run(seed, seed + 1)
    run.epochs(0, 2)
    random.gauss(0, 1)
    np.random.randn()
    before = random.getstate()
    tried("save_checkpoint(...), then random.getstate()")
    submission.save_checkpoint(path, *run.parts, 2)
    if random.getstate() != before:
        fail(
            "Python's random is not where it was before the save",
            mistake="saving draws random numbers",
        )
    expected = draws(run.generator)
    submission.save_checkpoint(path.with_name("another.pt"), *run.parts, 2)
    stir()
    tried(
        "save_checkpoint(...), other random numbers, load_checkpoint(...), then the next random numbers"
    )
    other, _ = loaded(submission, path, seed)
    got = draws(other.generator)
    hints = {
        "the loader's generator": "generator.get_state(), and generator.set_state()",
        "torch's global generator": "torch.get_rng_state(), and torch.set_rng_state()",
        "Python's random": "random.getstate(), and random.setstate()",
        "NumPy's global generator": "np.random.get_state(), and np.random.set_state() with all five parts",
    }
    for name, values in expected.items():
        if got[name] != values:
            # The uniform numbers go on and the normal one does not: the left half of a pair is lost.
            half = name.startswith(("Python", "NumPy")) and got[name][0] == values[0]
            fail(
                f"{name} should go on with {shown(values)}, it goes on with {shown(got[name])}",
                mistake="normal numbers are drawn in pairs, and the second one that was left is part of the state"
                if half
                else "a seed starts again from the beginning, and whatever draws after the state was set moves on; the state is what is needed, untouched",
                hint=hints[name],
            )


def test_saving_changes_nothing(submission, path, seed):
    """a run that saves goes on as if it had not"""
    plain = Run(seed, seed + 1)
    expected = plain.epochs(0, 4)
    run = Run(seed, seed + 1)
    got = run.epochs(0, 2)
    run.model[1].eval()  # one frozen layer
    gradients = [parameter.grad.clone() for parameter in run.model.parameters()]
    tried("2 epochs, save_checkpoint(...), and 2 epochs more")
    submission.save_checkpoint(path, *run.parts, 2)
    assert run.model.training, (
        "the model was in training mode, and is in eval mode after save_checkpoint"
    )
    assert not run.model[1].training, (
        "one layer was in eval mode, and is in training mode after save_checkpoint"
    )
    run.model[1].train()
    for (name, parameter), gradient in zip(run.model.named_parameters(), gradients, strict=True):
        assert parameter.grad is not None and torch.equal(parameter.grad, gradient), (
            f"the gradient of {name} changed; a save between two micro-batches would spoil the step"
        )
    got += run.epochs(2, 4)
    if got != expected:
        first = next(i for i, (a, b) in enumerate(zip(got, expected, strict=True)) if a != b)
        fail(
            f"the losses differ from batch {first} on; the save came after batch {len(expected) // 2 - 1}",
            mistake="saving draws random numbers, or changes the model or the optimizer",
        )


def test_resumed_run_is_the_same_run(submission, path, seed):
    """a resumed run ends bit for bit where the uninterrupted one does"""
    plain = Run(seed, seed + 1)
    expected = plain.epochs(0, 6)
    first = Run(seed, seed + 1)
    got = first.epochs(0, 3)
    submission.save_checkpoint(path, *first.parts, 3)
    stir()
    second, epoch = loaded(submission, path, seed)
    tried("3 epochs, save_checkpoint(...), load_checkpoint(...) into a new run, and 3 epochs more")
    if not second.model.training:
        fail(
            "the new model was in training mode, and is in eval mode after load_checkpoint",
            mistake="eval() belongs to inference; Dropout would be off for the rest of the run",
        )
    got += second.epochs(epoch, 6)
    assert len(got) == len(expected), (
        f"6 epochs have {len(expected)} batches, the two parts together had {len(got)}"
    )
    for i, (a, b) in enumerate(zip(got, expected, strict=True)):
        assert a == b, f"the loss of batch {i} is {a!r}, without the interruption it is {b!r}"
    for name, tensor in plain.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], tensor), f"{name} differs at the end"
    second.model.eval()
    second.model[2].train()  # as for dropout as an estimate of uncertainty
    before = [module.training for module in second.model.modules()]
    tried("load_checkpoint(...) into a model in eval mode, one layer of which is in training mode")
    submission.load_checkpoint(path, *second.parts)
    if [module.training for module in second.model.modules()] != before:
        now = "training" if second.model.training else "eval"
        fail(
            f"load_checkpoint changed the mode of the model, or of a layer; the model is now in {now} mode",
            hint="load the states, and leave train() and eval() to the caller",
        )


class Unsavable:
    """Stands for a disk that is full: its state cannot be written."""

    def state_dict(self):
        return {"last_epoch": 3, "lock": threading.Lock()}


def test_failing_save_keeps_the_old_file(submission, path, seed):
    """a save that fails leaves the old checkpoint as it was"""
    run = saved(submission, path, seed)
    before = path.read_bytes()
    tried("save_checkpoint(...) to the same path, failing half-way")
    try:
        submission.save_checkpoint(path, run.model, run.optimizer, Unsavable(), run.generator, 4)
    except Exception:
        pass
    else:
        fail("a save that cannot work raised no error", hint="let the error through")
    if not path.is_file() or path.read_bytes() != before:
        fail(
            "the old checkpoint is " + ("damaged" if path.is_file() else "gone"),
            mistake="a crash while the file is being written over leaves neither the old checkpoint nor the new one",
            hint="write to another name beside it, then os.replace(other, path)",
        )
