"""Hidden checks for debug-memory-leak. A check's docstring is the line the learner sees."""

import gc
import weakref

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from drill.checking import assert_close, fail, tried

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")  # where nn.Module keeps them


class Token:
    """Lives as long as the graph node that holds it."""


class Marked(torch.autograd.Function):
    """The identity; its node in the graph holds a token, so that a weak set counts the graphs alive."""

    @staticmethod
    def forward(ctx, x, alive):
        ctx.token = Token()
        alive.add(ctx.token)
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


class Features(nn.Linear):
    """A layer whose output's graph holds a token."""

    alive: weakref.WeakSet

    def forward(self, x):
        return Marked.apply(super().forward(x), self.alive)


class Model(nn.Module):
    """Two layers, and a count of the graphs alive."""

    def __init__(self):
        super().__init__()
        self.alive = weakref.WeakSet()
        self.features = Features(4, 6)
        self.features.alive = self.alive
        self.head = nn.Linear(6, 3)
        self.passes, self.modes = 0, set()

    def forward(self, x):
        self.passes += 1
        self.modes.add(self.training)
        return self.head(torch.tanh(self.features(x)))


class Loader:
    """Batches in order; calls `ask` before it hands out each one."""

    def __init__(self, batches, ask=lambda index: None):
        self.batches, self.ask = batches, ask

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        for index, batch in enumerate(self.batches):
            self.ask(index)
            yield batch


def build(device):
    """The same model on every call of a check, and batches of 5, 5, 5, 5 and 2."""
    torch.manual_seed(torch.initial_seed())
    gc.freeze()  # so that collecting looks at what this check makes, and not at all of torch
    model = Model().to(device)
    x = 2 * torch.randn(22, 4, device=device)
    target = torch.arange(22, device=device) * 2 % 3
    batches = list(zip(x.split(5), target.split(5), strict=True))
    # The first batch is the worst: what it keeps alive is then not the batch just finished.
    with torch.no_grad():
        first = 4 * batches[0][0]
        batches[0] = (first, model(first).argmin(dim=1))
    model.passes = 0
    return model, batches, torch.optim.SGD(model.parameters(), lr=0.05)


def oracle(device):
    model, batches, optimizer = build(device)
    losses, outputs, sizes = [], [], []
    for x, target in batches:
        sizes.append(model.features(x).detach().abs().mean().item())
        logits = model(x)
        loss = F.cross_entropy(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        outputs.append(logits.detach())
    return losses, sizes, torch.cat(outputs), {n: p.detach() for n, p in model.named_parameters()}


def train(submission, device, ask=lambda model, index: None):
    """The result of one epoch on a fresh model, which is returned too."""
    model, batches, optimizer = build(device)
    tried(
        "train_epoch(model, model.features, loader, optimizer) on batches of 5, 5, 5, 5 and 2 samples"
    )
    result = submission.train_epoch(
        model, model.features, Loader(batches, lambda index: ask(model, index)), optimizer
    )
    if not isinstance(result, dict):
        fail(f"the result should be a dict, got a {type(result).__name__}")
    missing = {"loss", "worst", "activation", "logits"} - set(result)
    assert not missing, f"the result lacks {sorted(missing)}"
    return result, model


def test_numbers_stay_right(submission, device):
    """loss, worst loss, activation, logits and weights are what they were"""
    losses, sizes, logits, weights = oracle(device)
    result, model = train(submission, device)
    assert model.passes == 5, (
        f"the model should run once for each of 5 batches, it ran {model.passes} times"
    )
    assert model.modes == {True}, "the model came in training mode and should run in it"
    for name in ("loss", "worst", "activation"):
        if not isinstance(result[name], float):
            fail(
                f"{name} should be a Python float, got a {type(result[name]).__name__}",
                hint="use .item()",
            )
    sizes_of_batches = [5, 5, 5, 5, 2]
    weighted = sum(loss * n for loss, n in zip(losses, sizes_of_batches, strict=True))
    assert_close(
        result["loss"], weighted / 22, what="loss", rtol=1e-5,
        mistakes={"batches of unequal size count the same": sum(losses) / 5},
    )  # fmt: skip
    assert_close(result["worst"], max(losses), what="worst", rtol=1e-5)
    outputs = [part.abs().mean().item() for part in logits.split(5)]
    weighted = sum(size * n for size, n in zip(sizes, sizes_of_batches, strict=True))
    assert_close(
        result["activation"], sum(sizes) / 5, what="activation", rtol=1e-5,
        mistakes={
            "the batches are weighed by their sizes; this is the plain average of their means": weighted / 22,
            "the hook is on the model, not on layer": sum(outputs) / 5,
        },
    )  # fmt: skip
    assert_close(
        result["logits"], logits, what="logits",
        hint="the logits of each batch as they were computed before its update, in order",
    )  # fmt: skip
    now = {name: parameter.detach() for name, parameter in model.named_parameters()}
    assert_close(now, weights, what="the weights after the epoch")


def test_only_the_last_graph_is_alive(submission, device):
    """when a batch is asked for, no older graph than the last one's is alive"""
    counts = []

    def ask(model, index):
        gc.collect()
        counts.append(len(model.alive))

    result, model = train(submission, device, ask)
    if max(counts) <= 1:
        return
    grows = counts == sorted(counts) and counts[-1] >= 4
    fail(
        f"graphs alive when each batch is asked for: {counts}; there should be at most 1",
        mistake="every batch's graph is kept: something that is summed or collected over the epoch still has its grad_fn"
        if grows
        else "one older graph is kept: a value remembered from an earlier batch still has its grad_fn",
        hint="whatever outlives its batch (a running loss, a worst loss, outputs, what a hook collects) "
        "has to be .item() or .detach() first",
    )


class Memory(TorchDispatchMode):
    """Notes all memory that is taken, its number of elements, and for which batch."""

    def __init__(self):
        super().__init__()
        self.batch, self.taken = 0, {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for made in tree_leaves(result):
            if isinstance(made, torch.Tensor):
                storage = made.untyped_storage()
                elements = storage.nbytes() // made.element_size()
                self.taken.setdefault(StorageWeakRef(storage), (self.batch, elements))
        return result

    def batches_with(self, elements):
        """How many batches have memory of just this size that is still in use."""
        return len({b for ref, (b, n) in self.taken.items() if n == elements and not ref.expired()})


def test_batches_are_let_go(submission, device):
    """batches are asked for one by one, and neither their inputs nor the layer's outputs are kept"""
    model, batches, optimizer = build(device)
    memory, counts, passes = Memory(), [], []

    def fresh():
        for memory.batch, (x, target) in enumerate(batches):
            gc.collect()
            # of 5 samples; neither logits nor parameters have as many elements
            counts.append((memory.batches_with(5 * 4), memory.batches_with(5 * 6)))
            passes.append(model.passes)
            yield x.clone(), target

    class Fresh(Loader):
        def __iter__(self):
            return fresh()

    tried(
        "train_epoch(model, model.features, loader, optimizer), whose loader makes each batch when it is asked for"
    )
    with memory:
        submission.train_epoch(model, model.features, Fresh(batches), optimizer)
    if passes != list(range(5)):
        fail(
            f"batches trained on when each of the five is asked for: {passes}",
            mistake="all batches are loaded before the first is trained on, so the whole data set is in memory",
            hint="for x, target in loader:",
        )
    kept = [max(numbers) for numbers in zip(*counts, strict=True)]
    for number, (what, hint) in zip(
        kept,
        {
            "inputs": "of a batch that is done only its logits and numbers are needed",
            "outputs of the layer": "collect numbers: output.detach().abs().mean().item()",
        }.items(),
        strict=True,
    ):
        if number > 1:
            fail(
                f"the {what} of {number} batches, or copies of them, are in memory when a batch is asked for; there should be at most 1",
                mistake="what is collected is as large as the batch: detach() and clone() cut the graph off, and all the values stay",
                hint=hint,
            )


def test_saved_tensors_are_released(submission, device):
    """when a batch is asked for, nothing is kept that was saved for backward"""
    saved = weakref.WeakSet()
    counts = []

    class Saved:
        def __init__(self, tensor):
            self.tensor = tensor
            saved.add(self)

    def ask(model, index):
        gc.collect()
        counts.append(len(saved))

    with saved_tensors_hooks(Saved, lambda holder: holder.tensor):
        train(submission, device, ask)
    if any(counts):
        fail(
            f"tensors saved for backward that are alive when each batch is asked for: {counts}; there should be none",
            mistake="backward() is told to keep its buffers; retain_graph and create_graph are for a second backward pass, "
            "and there is none here",
        )


def test_no_graph_is_alive_after_the_epoch(submission, device):
    """the result and the model hold no graph"""
    result, model = train(submission, device)
    if isinstance(result["logits"], torch.Tensor) and result["logits"].requires_grad:
        fail(
            "result['logits'] requires a gradient, so it holds the graph of every batch",
            hint="logits.detach()",
        )
    held = [
        name for name, p in model.named_parameters() if p.grad is not None and p.grad.requires_grad
    ]
    if held:
        fail(
            f"the gradients of {held[:2]} have a graph of their own",
            mistake="backward() was told to create_graph",
        )
    gc.collect()
    count = len(model.alive)
    assert count == 0, (
        f"{count} of the 5 graphs are alive after the epoch, though nothing but the result is kept; "
        "no module, global or hook may hold a tensor that has a grad_fn"
    )


def replaced(module):
    """Whether the module's forward is another one than its class's."""
    own = vars(module).get("forward")
    return own is not None and getattr(own, "__func__", None) is not type(module).forward


def test_hooks_are_removed(submission, device):
    """the model has no hook left when the function returns"""
    result, model = train(submission, device)
    left = [
        name or "the model"
        for name, module in model.named_modules()
        if any(vars(module)[kind] for kind in HOOKS) or replaced(module)
    ]
    if left:
        fail(
            f"{left} still has a hook after train_epoch has returned",
            mistake="register_forward_hook gives a handle; without handle.remove() each epoch adds one more hook, "
            "and each keeps its list",
        )


def test_hooks_of_others_stay(submission, device):
    """a hook that the caller has put on the layer stays, and runs"""
    model, batches, optimizer = build(device)
    calls = []
    model.features.register_forward_hook(lambda module, args, output: calls.append(len(output)))
    tried(
        "train_epoch(model, model.features, loader, optimizer), with a hook of the caller's on the layer"
    )
    submission.train_epoch(model, model.features, Loader(batches), optimizer)
    assert calls == [5, 5, 5, 5, 2], f"the caller's hook should see each batch, it saw {calls}"
    if len(vars(model.features)[HOOKS[0]]) != 1:
        fail(
            "the caller's own hook is gone after train_epoch has returned",
            mistake="clearing all hooks of the layer removes those of others; remove() on the handle removes one",
        )


def test_a_second_epoch_is_like_the_first(submission, device):
    """a second epoch on one model counts its own batches only"""
    model, batches, optimizer = build(device)
    optimizer.param_groups[0]["lr"] = 0.0
    with (
        torch.no_grad()
    ):  # targets that the model is right about: all losses are smaller than in the first epoch
        second = [(x / 2, model(x / 2).argmax(dim=1)) for x, _ in batches[1:]]
    for which, given in (("first", batches), ("second", second)):
        with torch.no_grad():
            losses = [F.cross_entropy(model(x), target).item() for x, target in given]
            sizes = [model.features(x).abs().mean().item() for x, _ in given]
            logits = torch.cat([model(x) for x, _ in given])
        samples = [len(target) for _, target in given]
        expected = {
            "loss": sum(loss * n for loss, n in zip(losses, samples, strict=True)) / sum(samples),
            "worst": max(losses),
            "activation": sum(sizes) / len(sizes),
            "logits": logits,
        }
        tried(
            f"train_epoch(...) twice on one model, with a learning rate of 0 and other batches: the {which} epoch"
        )
        result = submission.train_epoch(model, model.features, Loader(given), optimizer)
        for name, value in expected.items():
            assert_close(
                result[name], value, what=f"{name} of the {which} epoch", rtol=1e-5,
                hint="nothing is carried over from one call to the next",
            )  # fmt: skip
