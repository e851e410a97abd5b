"""Hidden checks for sgd-momentum. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from drill.checking import assert_close, fail, tried

SHAPES = ((3, 2), (4,), (3, 2), ())  # two of one shape: state must not be kept by shape
STEPS = 4


class Recording(TorchFunctionMode):
    """Notes whether a torch function returned something that autograd recorded."""

    recorded = ""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.grad_fn is not None:
            self.recorded = self.recorded or type(result.grad_fn).__name__
        return result


def run(make, starts, gradients, in_place=False):
    """The parameters after each step; a gradient of None is left out, `in_place` refills the same tensors."""
    params = [start.clone().requires_grad_() for start in starts]
    optimizer = make(params)
    history = []
    for row in gradients:
        for p, g in zip(params, row, strict=True):
            if in_place and p.grad is not None:
                p.grad.copy_(g)
            else:
                p.grad = None if g is None else g.clone()
        step(optimizer)
        for p in params:
            if not p.requires_grad or not p.is_leaf:
                fail("after step() a parameter is no longer a leaf that requires a gradient")
        history.append([p.detach().clone() for p in params])
    return history


def step(optimizer):
    try:
        optimizer.step()
    except RuntimeError as error:
        if "in-place operation" not in str(error):
            raise
        fail(
            f"step() raises RuntimeError: {error}",
            mistake="a leaf that requires a gradient is changed while autograd is recording; work under torch.no_grad()",
        )


def flat(history):
    return torch.stack([torch.cat([p.flatten() for p in row]) for row in history])


def plain(update):
    """An optimizer out of a function update(state, p, g) -> d, for what a wrong idea would give."""

    class Optimizer:
        def __init__(self, params, lr):
            self.params, self.lr, self.state = params, lr, [{} for _ in params]

        def step(self):
            for p, state in zip(self.params, self.state, strict=True):
                if p.grad is not None:
                    p.data = p.data - self.lr * update(state, p.data, p.grad)

    return Optimizer


def momentum_update(mu, dampening=0.0, decay=0.0, nesterov=False, first=None):
    """The rule of the statement, or a wrong one through its arguments."""

    def update(state, p, g):
        g = g + decay * p
        if "buf" in state:
            state["buf"] = mu * state["buf"] + (1 - dampening) * g
        else:
            state["buf"] = g if first is None else first * g
        return g + mu * state["buf"] if nesterov else state["buf"]

    return update


def compare(submission, device, ideas, gradients=None, lr=0.1, **options):
    """Against torch.optim.SGD after every step; `ideas` maps a wrong idea to its update function."""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    starts[0] = starts[0].t().contiguous().t()  # laid out by columns, as no view flattens it
    if gradients is None:
        gradients = [[torch.randn_like(s) for s in starts] for _ in range(STEPS)]
    given = ", ".join([f"lr={lr:g}"] + [f"{name}={value}" for name, value in options.items()])
    expected = run(lambda params: torch.optim.SGD(params, lr=lr, **options), starts, gradients)
    tried(f"SGD(params, {given}), {len(gradients)} steps", params=starts)
    actual = run(lambda params: submission.SGD(params, lr=lr, **options), starts, gradients)
    # as a whole, so that an idea is recognised over all steps
    assert_close(
        flat(actual),
        flat(expected),
        mistakes={
            idea: lambda u=update: flat(run(lambda params: plain(u)(params, lr), starts, gradients))
            for idea, update in ideas.items()
        },
        what="the parameters, a row for each step,",
    )


def test_plain_step(submission, device):
    """without momentum each step is p - lr * grad"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    params = [s.clone().requires_grad_() for s in starts]
    gradients = [torch.randn_like(s) for s in starts]
    expected = [s - 0.3 * g for s, g in zip(starts, gradients, strict=True)]
    tried("SGD(params, lr=0.3).step()", params=params)
    optimizer = submission.SGD(params, lr=0.3)
    for p, g in zip(params, gradients, strict=True):
        p.grad = g.clone()
    step(optimizer)
    actual = [p.detach() for p in params]
    if all(torch.equal(a, s) for a, s in zip(actual, starts, strict=True)):
        fail(
            "after step() the parameters are what they were",
            mistake="p = p - lr * g makes a new tensor that the model never sees; change p in place",
            hint="p.sub_(lr * g) or p.add_(g, alpha=-lr), under torch.no_grad()",
        )
    if not torch.equal(actual[0], starts[0]) and torch.equal(actual[1], starts[1]):
        fail("only the first parameter is updated")
    assert_close(
        actual,
        expected,
        what="the parameters",
        mistakes={
            "the step goes up the gradient; it is p minus lr * grad": [
                s + 0.3 * g for s, g in zip(starts, gradients, strict=True)
            ],
            "lr is ignored": [s - g for s, g in zip(starts, gradients, strict=True)],
            "lr is ignored, 0.001 is used": [
                s - 1e-3 * g for s, g in zip(starts, gradients, strict=True)
            ],
            "lr is ignored, 0.01 is used": [
                s - 1e-2 * g for s, g in zip(starts, gradients, strict=True)
            ],
            "lr is ignored, 0.1 is used": [
                s - 1e-1 * g for s, g in zip(starts, gradients, strict=True)
            ],
        },
    )
    p = torch.ones(2, device=device, requires_grad=True)
    p.grad = torch.ones_like(p)
    tried("SGD(params).step() with the default lr", params=[p])
    submission.SGD([p]).step()
    assert_close(
        p.detach(),
        torch.full_like(p, 0.999).detach(),
        what="the parameter",
        hint="lr is 1e-3 by default",
    )
    p = torch.ones(2, device=device, dtype=torch.float64, requires_grad=True)
    p.grad = torch.ones_like(p)
    tried("SGD(params, lr=0.1), two steps on gradients of 1", params=[p])
    optimizer = submission.SGD([p], lr=0.1)
    step(optimizer)
    p.grad = torch.ones_like(p)
    step(optimizer)
    assert_close(
        p.detach(),
        torch.full_like(p, 0.8).detach(),
        what="the parameter after two steps",
        mistakes={
            f"momentum is {mu:g} by default; it is 0": torch.full_like(p, 0.8 - 0.1 * mu).detach()
            for mu in (0.5, 0.9, 0.99)
        },
        hint="momentum, dampening and weight_decay are 0 by default",
    )


@pytest.mark.parametrize("momentum", [0.5, 0.9, 0.99])
def test_momentum(submission, device, momentum):
    """momentum over several steps, against torch.optim.SGD"""
    mu = momentum
    shared = {}  # a wrong value is computed once, on a failure

    def one_buffer(state, p, g):
        return momentum_update(mu)(shared.setdefault(tuple(p.shape), {}), p, g)

    compare(
        submission,
        device,
        {
            "momentum is ignored, or the buffer starts anew at every step": lambda state, p, g: g,
            f"momentum is taken as 0.9, here it is {mu:g}": momentum_update(0.9),
            "the gradient is multiplied by (1 - momentum), as in a running average; torch adds it in full": momentum_update(
                mu, dampening=mu
            ),
            "the gradient is multiplied by (1 - momentum), from the first step on; torch adds it in full": momentum_update(
                mu, dampening=mu, first=1 - mu
            ),
            "parameters share one buffer; each needs its own": one_buffer,
            "nesterov is on, although it is False by default": momentum_update(mu, nesterov=True),
            "the buffer takes the sign of a velocity and is subtracted twice": lambda state, p, g: (
                -momentum_update(mu)(state, p, g)
            ),
        },
        momentum=momentum,
    )


@pytest.mark.parametrize(("momentum", "dampening"), [(0.9, 0.3), (0.6, 0.6)])
def test_dampening(submission, device, momentum, dampening):
    """dampening, which spares the first step"""
    mu, tau = momentum, dampening
    compare(
        submission,
        device,
        {
            "dampening is ignored": momentum_update(mu),
            "dampening is applied at the first step too; the first buffer is g itself": momentum_update(
                mu, tau, first=1 - tau
            ),
            "the gradient is multiplied by dampening; it is multiplied by 1 - dampening": momentum_update(
                mu, 1 - tau
            ),
            "the first buffer is zero; it is g itself": momentum_update(mu, tau, first=0.0),
        },
        momentum=momentum,
        dampening=dampening,
    )


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_weight_decay(submission, device, momentum):
    """weight decay is added to the gradient"""

    def after(state, p, g):
        return momentum_update(momentum)(state, p, g) + 0.2 * p

    compare(
        submission,
        device,
        {
            "weight_decay is ignored": momentum_update(momentum),
            "weight_decay is applied to p directly; it is added to the gradient before the momentum": after,
            "weight_decay has the wrong sign: the parameters grow": momentum_update(
                momentum, decay=-0.2
            ),
            "weight_decay is added twice": momentum_update(momentum, decay=0.4),
        },
        momentum=momentum,
        weight_decay=0.2,
    )


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_nesterov(submission, device, decay):
    """nesterov looks ahead along the new buffer"""
    mu = 0.7

    def without(state, p, g):
        return mu * momentum_update(mu, decay=decay)(state, p, g)

    def later(state, p, g):
        first = "buf" not in state
        d = momentum_update(mu, decay=decay, nesterov=True)(state, p, g)
        return state["buf"] if first else d

    def kept(state, p, g):
        state["buf"] = momentum_update(mu, decay=decay, nesterov=True)(state, p, g)
        return state["buf"]

    def undecayed(state, p, g):
        return g + mu * momentum_update(mu, decay=decay)(state, p, g)

    compare(
        submission,
        device,
        {
            "nesterov is ignored, or looks ahead along the old buffer, which comes to the same": momentum_update(
                mu, decay=decay
            ),
            "nesterov takes momentum * buf alone; it adds the gradient": without,
            "nesterov adds p.grad without the weight decay": undecayed,
            "nesterov looks ahead from the second step on; it does so at the first step too": later,
            "what nesterov looks ahead to is kept as the buffer; d is a tensor of its own": kept,
            "nesterov takes buf + momentum * buf": lambda s, p, g: (
                (1 + mu) * momentum_update(mu, decay=decay)(s, p, g)
            ),
        },
        momentum=mu,
        nesterov=True,
        weight_decay=decay,
    )


@pytest.mark.parametrize(("momentum", "dampening"), [(0.7, 0.4), (0.0, 0.0)])
def test_nesterov_that_torch_refuses(submission, device, momentum, dampening):
    """nesterov with dampening or without momentum follows the formulas, or raises ValueError"""
    mu, tau = momentum, dampening
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    gradients = [[torch.randn_like(s) for s in starts] for _ in range(STEPS)]
    options = {"lr": 0.1, "momentum": mu, "dampening": tau, "nesterov": True}
    tried(f"SGD(params, lr=0.1, momentum={mu}, dampening={tau}, nesterov=True)", params=starts)
    try:
        submission.SGD([starts[0].clone().requires_grad_()], **options)
    except ValueError:
        return

    def damped(state, p, g):
        return momentum_update(mu, tau, nesterov=True)(state, p, g) - tau * g

    def after(update):
        return flat(run(lambda params: plain(update)(params, 0.1), starts, gradients))

    assert_close(
        flat(run(lambda params: submission.SGD(params, **options), starts, gradients)),
        after(momentum_update(mu, tau, nesterov=True)),
        mistakes={
            "dampening is ignored with nesterov": lambda: after(momentum_update(mu, nesterov=True)),
            "nesterov is ignored with dampening": lambda: after(momentum_update(mu, tau)),
            "the gradient that nesterov adds is dampened too; only the buffer's share is": lambda: (
                after(damped)
            ),
        },
        what="the parameters, a row for each step,",
    )


def test_generator(submission, device):
    """params may be a generator"""
    p = torch.ones(2, device=device, requires_grad=True)
    tried("SGD(params=(p for p in [p]), lr=0.5), two steps", p=p)
    optimizer = submission.SGD(params=(q for q in [p]), lr=0.5)
    for value in (0.5, 0.0):
        p.grad = torch.ones_like(p)
        step(optimizer)
        if not torch.equal(p.detach(), torch.full_like(p.detach(), value)):
            fail(
                f"expected {value} after this step, got {p[0].item():g}",
                mistake="a generator can be gone through once only; keep list(params)",
            )


def test_missing_gradients(submission, device):
    """a parameter without a gradient is left alone, and its first step may come later"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    options = {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.3}
    gradients = [[torch.randn_like(s) for s in starts] for _ in range(4)]
    for row, column in ((0, 0), (2, 0), (1, 2), (2, 2)):
        gradients[row][column] = None
    expected = run(lambda params: torch.optim.SGD(params, **options), starts, gradients)
    tried("SGD where some gradients are None", params=starts)
    try:
        actual = run(lambda params: submission.SGD(params, **options), starts, gradients)
    except (AttributeError, TypeError) as error:
        fail(
            f"step() raises {type(error).__name__}: {error}",
            mistake="a parameter that took no part has no gradient; skip it where p.grad is None",
            hint="if p.grad is None: continue",
        )
    if not torch.equal(actual[0][0], starts[0]):
        fail(
            "a parameter without a gradient moved",
            mistake="a parameter whose grad is None is left alone: no decay and no momentum",
        )
    if torch.equal(actual[0][1], starts[1]):
        fail(
            "one parameter without a gradient keeps the ones after it from being updated",
            hint="continue, rather than return or break",
        )
    assert_close(
        actual,
        expected,
        what="the parameters",
        hint="each parameter's buffer starts with the first gradient of that parameter, not with the first step of the optimizer",
    )


def test_zero_gradients(submission, device):
    """a gradient of zeros is a gradient: momentum and decay still move the parameter"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3}
    gradients = [[torch.randn_like(s) for s in starts] for _ in range(3)]
    for row, column in ((0, 1), (1, 0), (2, 0)):
        gradients[row][column].zero_()
    expected = run(lambda params: torch.optim.SGD(params, **options), starts, gradients)
    skipped = [[g if bool(g.any()) else None for g in row] for row in gradients]
    mistakes = {
        "a gradient of zeros is taken for a missing one; only None means that there is none": run(
            lambda params: torch.optim.SGD(params, **options), starts, skipped
        )
    }
    tried("SGD(params, 0.1, 0.9, 0.0, 0.3), some gradients zero", params=starts)
    mistakes["weight_decay and dampening are exchanged: the fourth argument is dampening"] = run(
        lambda params: torch.optim.SGD(params, 0.1, 0.9, 0.3), starts, gradients
    )
    actual = run(lambda params: submission.SGD(params, 0.1, 0.9, 0.0, 0.3), starts, gradients)
    assert_close(actual, expected, what="the parameters", mistakes=mistakes)
    gradients = [[torch.zeros_like(s) for s in starts], *gradients[:2]]
    options = {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}
    tried("SGD(params, lr=0.1, momentum=0.9, dampening=0.5), the first gradients zero")
    assert_close(
        flat(run(lambda params: submission.SGD(params, **options), starts, gradients)),
        flat(run(lambda params: torch.optim.SGD(params, **options), starts, gradients)),
        what="the parameters, a row for each step,",
        hint="a buffer of zeros may be one that has seen a gradient of zeros; keep None, or no entry, for one that has not",
    )


def test_gradients_survive(submission, device):
    """gradients are not changed, and may be refilled in place"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    gradients = [[torch.randn_like(s) for s in starts] for _ in range(STEPS)]
    options = {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}
    p = starts[0].clone().requires_grad_()
    p.grad = gradients[0][0].clone()
    tried(
        "SGD(params, lr=0.1, momentum=0.9, dampening=0.2, weight_decay=0.1), two steps on one gradient",
        p=p,
    )
    optimizer = submission.SGD([p], **options)
    for _ in range(2):
        before = p.detach().clone()
        step(optimizer)
        assert p.grad is not None, (
            "after step() p.grad is None; clearing gradients is what zero_grad is for"
        )
        if not torch.equal(p.grad, gradients[0][0]):
            decayed = torch.allclose(p.grad, gradients[0][0] + 0.1 * before)
            fail(
                "p.grad is changed by step()",
                mistake="weight_decay is added into p.grad; make a new tensor, g = p.grad + weight_decay * p"
                if decayed
                else "the buffer is p.grad itself, and is updated in place; clone it",
            )
    options = {"lr": 0.1, "momentum": 0.9}
    expected = run(
        lambda params: torch.optim.SGD(params, **options), starts, gradients, in_place=True
    )
    tried(
        "SGD(params, lr=0.1, momentum=0.9), gradients refilled in place between the steps",
        params=starts,
    )
    actual = run(lambda params: submission.SGD(params, **options), starts, gradients, in_place=True)
    if not all(
        torch.allclose(a, e)
        for x, y in zip(actual, expected, strict=True)
        for a, e in zip(x, y, strict=True)
    ):
        fail(
            "the parameters are wrong where the gradients are refilled in place",
            mistake="the buffer is p.grad itself, so the next backward pass overwrites it; clone it",
        )


def test_two_optimizers(submission, device):
    """two optimizers do not share their state"""
    mu = 0.9
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    first, second = ([torch.randn_like(s) for s in starts] for _ in range(2))
    a = [s.clone().requires_grad_() for s in starts]
    b = [s.clone().requires_grad_() for s in starts]
    tried("two instances of SGD(params, lr=0.1, momentum=0.9)", params=starts)
    one, two = submission.SGD(a, lr=0.1, momentum=mu), submission.SGD(b, lr=0.1, momentum=mu)
    three = submission.SGD(a, lr=0.1, momentum=mu)
    for params, optimizer, row in (
        (a, one, first),
        (b, two, second),
        (a, one, second),
        (a, three, first),
    ):
        for p, g in zip(params, row, strict=True):
            p.grad = g.clone()
        step(optimizer)
    for s, p, q, g, h in zip(starts, a, b, first, second, strict=True):
        message = "two optimizers share their buffers"
        if not torch.allclose(q.detach(), s - 0.1 * h):
            fail(
                message,
                hint="keep the state in the instance, in __init__, not in the class or in a default argument",
            )
        if not torch.allclose(p.detach(), s - 0.1 * g - 0.1 * (mu * g + h) - 0.1 * g):
            fail(
                message,
                hint="keep the state in the instance, in __init__, not in the class or on the parameter",
            )


def test_nothing_is_recorded(submission, device):
    """step() records nothing for autograd"""
    options = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "nesterov": True}
    params = [torch.randn(shape, device=device, requires_grad=True) for shape in SHAPES]
    optimizer = submission.SGD(params, **options)
    tried(
        "SGD(params, lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True), 2 steps", params=params
    )
    for _ in range(2):
        for p in params:
            p.grad = torch.randn_like(p)
        with Recording() as mode:
            step(optimizer)
        if mode.recorded:
            fail(
                f"an operation in step() is recorded by autograd ({mode.recorded})",
                mistake="the buffers then keep a graph alive that grows with every step",
                hint="decorate step with @torch.no_grad()",
            )
    for mode in (torch.enable_grad(), torch.no_grad()):
        with mode:
            before = torch.is_grad_enabled()
            step(optimizer)
            after = torch.is_grad_enabled()
        if after != before:
            fail(
                f"step() leaves autograd {'on' if after else 'off'} where it was {'on' if before else 'off'}",
                mistake="torch.set_grad_enabled(...) as a plain call outlasts step(); @torch.no_grad() puts the mode back",
            )


def test_zero_grad(submission, device):
    """zero_grad clears every gradient and nothing else"""
    mu = 0.9
    params = [torch.ones(shape, device=device, requires_grad=True) for shape in SHAPES]
    optimizer = submission.SGD(params, lr=0.1, momentum=mu)
    tried("SGD(params, lr=0.1, momentum=0.9).zero_grad()", params=params)
    try:
        optimizer.zero_grad()
    except (AttributeError, TypeError, RuntimeError) as error:
        fail(f"zero_grad() raises {type(error).__name__} where there is no gradient yet: {error}")
    for _ in range(2):
        for p in params:
            p.grad = torch.ones_like(p)
        step(optimizer)
        optimizer.zero_grad()
        left = [i for i, p in enumerate(params) if p.grad is not None and bool((p.grad != 0).any())]
        assert not left, f"after zero_grad() parameter {left[0]} still has a gradient"
    expected = 1 - 0.1 - 0.1 * (mu + 1)
    for p in params:
        if not torch.allclose(p.detach(), torch.full_like(p.detach(), expected)):
            fail(
                "after step, zero_grad, step the parameters are wrong",
                hint="zero_grad clears gradients; the momentum buffers stay",
            )


def test_dampening_without_momentum(submission, device):
    """where momentum is 0, dampening does nothing"""
    compare(
        submission,
        device,
        {
            "dampening acts without momentum too; where momentum is 0 there is no buffer, and d is g": momentum_update(
                0.0, 0.4
            ),
            "dampening acts without momentum too, at the first step as well; where momentum is 0, d is g": momentum_update(
                0.0, 0.4, first=0.6
            ),
        },
        momentum=0.0,
        dampening=0.4,
    )
