"""Hidden checks for adam. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.overrides import TorchFunctionMode

from drill.checking import assert_close, fail, tried

SHAPES = ((3, 2), (4,), (3, 2), ())  # two of one shape: state must not be kept by shape
STEPS = 4
ATOL = 1e-5  # beta ** t is a float32 where t is kept in a tensor, as torch's own optimizers do
BOTH = pytest.mark.parametrize("name", ["Adam", "AdamW"])


class Recording(TorchFunctionMode):
    """Notes whether a torch function returned something that autograd recorded."""

    recorded = ""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.grad_fn is not None:
            self.recorded = self.recorded or type(result.grad_fn).__name__
        return result


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
    except ZeroDivisionError as error:
        fail(
            f"step() raises ZeroDivisionError: {error}",
            mistake="t starts at 1: count the step before the bias correction, since 1 - beta ** 0 is 0",
        )


def run(make, starts, gradients):
    """The parameters after each step; a gradient of None is left out."""
    params = [start.clone().requires_grad_() for start in starts]
    optimizer = make(params)
    history = []
    for row in gradients:
        for p, g in zip(params, row, strict=True):
            p.grad = None if g is None else g.clone()
        step(optimizer)
        for p in params:
            if not p.requires_grad or not p.is_leaf:
                fail("after step() a parameter is no longer a leaf that requires a gradient")
        history.append([p.detach().clone() for p in params])
    return history


def clear_of_zero(like):
    """Gradients of either sign with a magnitude from 0.5 to 2.5, next to which an eps of 1e-8 is nothing."""
    sign = torch.where(torch.rand_like(like) < 0.5, -1.0, 1.0).to(like)
    return sign * (0.5 + 2 * torch.rand_like(like))


def flat(history):
    return torch.stack([torch.cat([p.flatten() for p in row]) for row in history])


def rule(
    betas=(0.9, 0.999), lr=0.1, eps=1e-8, coupled=0.0, before=0.0, after=0.0, in_m=0.0, correct_m=True, correct_v=True,
    full_g=False, full_square=False, eps_at="outside", power=2, root=True, forget=False, frozen_t=False, key=None,
    shared_t=0, up=False, late_t=0, correct_by=None,
):  # fmt: skip
    """An optimizer by the statement's rule, or by a wrong one through its arguments."""

    class Optimizer:
        def __init__(self, params):
            self.params, self.state, self.calls = params, {}, 0

        def step(self):
            for i, p in enumerate(self.params):
                self.calls += 1
                if p.grad is None:
                    continue
                k = key(p) if key else i
                m, v, t = (0.0, 0.0, 0) if forget else self.state.get(k, (0.0, 0.0, 0))
                t = self.calls if shared_t else 1 if frozen_t else t + 1
                t += late_t * (t == 1)
                g = p.grad + coupled * p.data
                x = p.data * (1 - before)
                m = betas[0] * m + (1.0 if full_g else 1 - betas[0]) * (g + in_m * p.data)
                v = betas[1] * v + (1.0 if full_square else 1 - betas[1]) * g.abs() ** power
                self.state[k] = m, v, t
                by = correct_by or betas
                c1 = 1 - by[0] ** t if correct_m else 1.0
                c2 = 1 - by[1] ** t if correct_v else 1.0
                d = (v / c2).sqrt() if root else v / c2
                d = {
                    "outside": d + eps,
                    "inside": (v / c2 + eps).sqrt(),
                    "before": (v.sqrt() + eps) / c2**0.5,
                    "squared": (v / c2 + eps**2).sqrt(),
                    "inside before": (v + eps).sqrt() / c2**0.5,
                }[eps_at]
                x = x - (-lr if up else lr) * (m / c1) / d
                p.data = x * (1 - after)

    return Optimizer


def compare(make, oracle, device, call, ideas, steps=STEPS, draw=torch.randn_like, atol=ATOL):
    """Against torch.optim after every step; `ideas` maps a wrong idea to the optimizer it gives."""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    starts[0] = starts[0].t().contiguous().t()  # laid out by columns, as no view flattens it
    gradients = [[draw(s) for s in starts] for _ in range(steps)]
    expected = run(oracle, starts, gradients)
    wrong = {
        idea: lambda o=optimizer: flat(run(o, starts, gradients))
        for idea, optimizer in ideas.items()
    }
    tried(f"{call}, {steps} steps", params=starts)
    actual = run(make, starts, gradients)
    assert_close(
        flat(actual),
        flat(expected),
        mistakes=wrong,
        what="the parameters, a row for each step,",
        atol=atol,
    )


@BOTH
def test_first_step(submission, device, name):
    """the first step, at the default betas"""
    starts = [torch.randn(7, device=device, dtype=torch.float64)]
    gradients = [[clear_of_zero(s) for s in starts]]
    options = {} if name == "Adam" else {"weight_decay": 0.0}
    expected = run(lambda ps: getattr(torch.optim, name)(ps, lr=0.03, **options), starts, gradients)
    ideas = {
        "the step goes up the gradient; it is p minus lr * m_hat / ...": rule(lr=0.03, up=True),
        "the bias correction is missing, of m and of v": rule(
            lr=0.03, correct_m=False, correct_v=False
        ),
        "the bias correction of m is missing": rule(lr=0.03, correct_m=False),
        "the bias correction of v is missing": rule(lr=0.03, correct_v=False),
        "the square root of v is missing": rule(lr=0.03, root=False),
        "v is an average of the gradient; it is squared": rule(lr=0.03, power=1),
        "the step is 10 times too large: g enters m times 1 - beta1, g ** 2 enters v, and v is corrected by beta2": rule(
            lr=0.03, full_g=True
        ),
        "the betas are exchanged in the bias correction: beta1 corrects m, beta2 corrects v": rule(
            lr=0.03, correct_by=(0.999, 0.9)
        ),
        "v is 1 / (1 - beta2) times too large: it starts at 0, and g ** 2 enters it times 1 - beta2": rule(
            lr=0.03, full_square=True
        ),
        "lr is ignored: 0.001 is used": rule(lr=1e-3),
        "lr is ignored: 1 is used": rule(lr=1.0),
        "t is 2 at the first step; it starts at 1": rule(lr=0.03, late_t=1),
    }
    wrong = {
        idea: lambda o=optimizer: flat(run(o, starts, gradients))
        for idea, optimizer in ideas.items()
    }
    given = ", ".join(["lr=0.03", *(f"{k}={v}" for k, v in options.items())])
    tried(f"{name}(params, {given}).step()", params=starts)
    actual = run(lambda ps: getattr(submission, name)(ps, lr=0.03, **options), starts, gradients)
    if all(torch.equal(a, s) for a, s in zip(actual[0], starts, strict=True)):
        fail(
            "after step() the parameters are what they were",
            mistake="p = p - ... makes a new tensor that the model never sees; change p in place",
            hint="p.sub_(...) or p.addcdiv_(...), under torch.no_grad()",
        )
    if not torch.isfinite(flat(actual)).all():
        fail(
            "after the first step the parameters are not finite",
            mistake="t starts at 1: count the step before the bias correction, since 1 - beta ** 0 is 0",
        )
    # where eps goes is the matter of a check of its own
    assert_close(
        flat(actual),
        flat(expected),
        mistakes=wrong,
        what="the parameters after one step",
        atol=ATOL,
    )
    p = torch.ones(2, device=device, requires_grad=True)
    p.grad = torch.ones_like(p)
    tried(f"{name}(params, **{options}).step() with the default lr", params=[p])
    getattr(submission, name)([p], **options).step()
    assert_close(
        p.detach(),
        torch.full_like(p, 0.999).detach(),
        what="the parameter",
        hint="lr is 1e-3 by default",
    )


@pytest.mark.parametrize("betas", [None, (0.8, 0.95), (0.5, 0.7), (0.0, 0.9)], ids=str)
@BOTH
def test_several_steps(submission, device, name, betas):
    """several steps, at other betas too"""
    options = {"lr": 0.1} | ({} if betas is None else {"betas": betas})
    options |= {} if name == "Adam" else {"weight_decay": 0.0}
    b = betas or (0.9, 0.999)

    def make(params):
        if betas is None:
            return getattr(submission, name)(params, **options)
        return getattr(submission, name)(params, 0.1, b, 1e-8, 0.0)

    compare(
        make,
        lambda ps: getattr(torch.optim, name)(ps, **options),
        device,
        f"{name}(params, **{options})" if betas is None else f"{name}(params, 0.1, {b}, 1e-8, 0.0)",
        {
            "m and v start anew at every step": rule(b, forget=True),
            f"betas are taken as (0.9, 0.999), here they are {b}": rule(),
            "the two betas are exchanged": rule((b[1], b[0])),
            "beta2 is used for both m and v": rule((b[1], b[1])),
            "beta1 is used for both m and v": rule((b[0], b[0])),
            "parameters of one shape share m and v": rule(b, key=lambda p: tuple(p.shape)),
            "t stays 1, so the bias correction never fades": rule(b, frozen_t=True),
            "t counts parameters, not steps: count once a step, or for each parameter": rule(
                b, shared_t=1
            ),
            "the bias correction is missing, of m and of v": rule(
                b, correct_m=False, correct_v=False
            ),
        },
        draw=clear_of_zero,  # where eps goes is the next check's matter
    )


@pytest.mark.parametrize("eps", [0.1, 1e-3, None], ids=["0.1", "0.001", "default"])
@BOTH
def test_eps(submission, device, name, eps):
    """eps is added to the root, after the bias correction"""
    options = {"lr": 0.1, "weight_decay": 0.0} | ({} if eps is None else {"eps": eps})
    e, scale = (
        (1e-8, 1e-7) if eps is None else (eps, 1.0)
    )  # tiny gradients, next to which 1e-8 shows
    compare(
        lambda ps: getattr(submission, name)(ps, **options),
        lambda ps: getattr(torch.optim, name)(ps, **options),
        device,
        f"{name}(params, **{options})" + (" on gradients of 1e-7" if eps is None else ""),
        {
            f"eps is ignored or taken as 1e-8, here it is {e:g}": rule(),
            "eps is ignored": rule(eps=0.0),
            "eps is inside the root; it is added to the root": rule(eps=e, eps_at="inside"),
            "eps is inside the root, squared; it is added to the root": rule(
                eps=e, eps_at="squared"
            ),
            "eps is added before the bias correction; it is sqrt(v_hat) + eps": rule(
                eps=e, eps_at="before"
            ),
            "eps is inside the root, before the bias correction": rule(
                eps=e, eps_at="inside before"
            ),
            **{
                f"eps is {other:g} by default; it should be 1e-8": rule(eps=other)
                for other in (1e-3, 1e-5, 1e-6, 1e-7, 1e-10)
            },
        },
        draw=lambda like: scale * torch.randn_like(like),
    )


def test_weight_decay(submission, device):
    """Adam: weight decay is added to the gradient"""
    options = {"lr": 0.1, "weight_decay": 0.3}
    compare(
        lambda ps: submission.Adam(ps, **options),
        lambda ps: torch.optim.Adam(ps, **options),
        device,
        f"Adam(params, **{options})",
        {
            "weight_decay is ignored": rule(),
            "weight_decay shrinks the parameter directly, as in AdamW; in Adam it enters the gradient": rule(
                before=0.03
            ),
            "weight_decay shrinks the parameter without lr; in Adam it enters the gradient": rule(
                before=0.3
            ),
            "weight_decay is added for m only; g enters v too": rule(in_m=0.3),
            "weight_decay has the wrong sign": rule(coupled=-0.3),
        },
    )


@pytest.mark.parametrize("decay", [0.3, None], ids=["0.3", "default"])
def test_decoupled_weight_decay(submission, device, decay):
    """AdamW: weight decay shrinks the parameter"""
    options = {"lr": 0.1} | ({} if decay is None else {"weight_decay": decay})
    wd = 0.01 if decay is None else decay
    none = (
        "weight_decay is ignored"
        if decay
        else "weight_decay is 0 by default; in AdamW it is 0.01 by default"
    )
    compare(
        lambda ps: submission.AdamW(ps, **options),
        lambda ps: torch.optim.AdamW(ps, weight_decay=wd, lr=0.1),
        device,
        f"AdamW(params, **{options})",
        {
            none: rule(),
            "weight_decay is added to the gradient, as in Adam; AdamW keeps it out of the gradient": rule(
                coupled=wd
            ),
            "the parameter shrinks by weight_decay; it shrinks by weight_decay times lr": rule(
                before=wd
            ),
            "the decay comes after the update; it comes before the update": rule(after=0.1 * wd),
            "weight_decay has the wrong sign": rule(before=-0.1 * wd),
            "weight_decay is taken as 0.01, whatever is passed": rule(before=0.001),
        },
    )


@BOTH
def test_generator(submission, device, name):
    """params may be a generator"""
    p = torch.ones(2, device=device, dtype=torch.float64, requires_grad=True)
    tried(f"{name}(params=(p for p in [p]), lr=0.5, weight_decay=0), two steps", p=p)
    optimizer = getattr(submission, name)(params=(q for q in [p]), lr=0.5, weight_decay=0)
    for value in (0.5, 0.0):
        p.grad = torch.ones_like(p)
        step(optimizer)
        if not torch.allclose(p.detach(), torch.full_like(p.detach(), value), atol=1e-4):
            fail(
                f"expected {value} after this step, got {p[0].item():g}",
                mistake="a generator can be gone through once only; keep list(params)",
            )


@BOTH
def test_zero_gradients(submission, device, name):
    """a gradient of zeros is a gradient: m, v, t and decay go on"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    options = {"lr": 0.1, "weight_decay": 0.3, "betas": (0.7, 0.9)}
    gradients = [[torch.randn_like(s) for s in starts] for _ in range(3)]
    for row, column in ((1, 0), (2, 0), (1, 1)):
        gradients[row][column].zero_()
    skipped = [[g if bool(g.any()) else None for g in row] for row in gradients]
    expected, wrong = (
        flat(run(lambda ps: getattr(torch.optim, name)(ps, **options), starts, rows))
        for rows in (gradients, skipped)
    )
    tried(f"{name}, some gradients zero", params=starts)
    actual = run(lambda ps: getattr(submission, name)(ps, **options), starts, gradients)
    assert_close(
        flat(actual),
        expected,
        what="the parameters, a row for each step,",
        atol=ATOL,
        mistakes={
            "a gradient of zeros is taken for a missing one; only None means that there is none": wrong
        },
    )


@BOTH
def test_missing_gradients(submission, device, name):
    """a parameter without a gradient is left alone, and its first step may come later"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    options = {"lr": 0.1, "weight_decay": 0.3, "betas": (0.7, 0.9)}
    gradients = [[torch.randn_like(s) for s in starts] for _ in range(4)]
    for row, column in ((0, 0), (2, 0), (1, 2), (2, 2)):
        gradients[row][column] = None
    expected = run(lambda ps: getattr(torch.optim, name)(ps, **options), starts, gradients)
    tried(f"{name} where some gradients are None", params=starts)
    try:
        actual = run(lambda ps: getattr(submission, name)(ps, **options), starts, gradients)
    except (AttributeError, TypeError) as error:
        fail(
            f"step() raises {type(error).__name__}: {error}",
            mistake="a parameter that took no part has no gradient; skip it where p.grad is None",
            hint="if p.grad is None: continue",
        )
    except (RuntimeError, IndexError) as error:
        fail(
            f"step() raises {type(error).__name__}: {error}",
            mistake="m and v are looked up by a place that shifts where another parameter has no gradient",
            hint="count the places over all params, and skip p.grad is None inside that loop",
        )
    moved = [not torch.equal(actual[0][0], starts[0]), not torch.equal(actual[2][2], actual[1][2])]
    if any(moved):
        fail(
            "a parameter without a gradient moved",
            mistake="a parameter whose grad is None is left alone: no decay, and no step along an old m",
        )
    if torch.equal(actual[0][1], starts[1]):
        fail(
            "one parameter without a gradient keeps the ones after it from being updated",
            hint="continue, rather than return or break",
        )
    assert_close(
        flat(actual[:1]),
        flat(expected[:1]),
        what="the parameters after one step",
        hint="t starts at 1 for each parameter",
        atol=ATOL,
    )
    if not torch.allclose(flat(actual), flat(expected), atol=ATOL):
        fail(
            "the parameters are wrong after steps in which some had no gradient",
            mistake="t counts the steps of the optimizer; it counts those in which this parameter had a gradient",
        )


@BOTH
def test_thawed_parameter(submission, device, name):
    """a parameter that is frozen at first trains once it has a gradient"""
    p, other = (torch.randn(3, device=device, dtype=torch.float64) for _ in range(2))
    other.requires_grad_()
    optimizer = getattr(submission, name)([p, other], lr=0.1, weight_decay=0)
    tried(f"{name}([p, other], lr=0.1), p.requires_grad_() after it, one step", p=p)
    before = p.clone()
    p.requires_grad_()
    p.grad = clear_of_zero(before)
    step(optimizer)
    if torch.equal(p.detach(), before):
        fail(
            "a parameter that was frozen when the optimizer was made is never updated",
            mistake="requires_grad may change later; keep every tensor of params, and look at p.grad in step()",
        )


@BOTH
def test_range_of_the_dtype(submission, device, name):
    """m and v are of the parameter's dtype"""
    p = torch.ones(3, device=device, dtype=torch.float64, requires_grad=True)
    p.grad = torch.tensor([1e-25, -1e-25, 3e-26], device=device, dtype=torch.float64)
    optimizer = getattr(submission, name)([p], lr=0.1, eps=1e-40, weight_decay=0)
    tried(f"{name}(params, lr=0.1, eps=1e-40) on gradients of 1e-25", p=p)
    step(optimizer)
    expected = torch.tensor([0.9, 1.1, 0.9], device=device, dtype=torch.float64)
    if not torch.allclose(p.detach(), expected, atol=1e-4):
        fail(
            f"in float64 the first step should lead to {expected.tolist()}, got {p.tolist()}",
            mistake="v is 0 where g ** 2 is too small for float32: the state is not of the parameter's dtype",
            hint="torch.zeros_like(p) takes over dtype and device; torch.zeros(p.shape) is float32",
        )


@BOTH
def test_gradients_survive(submission, device, name):
    """gradients are not changed"""
    p = torch.randn(3, 2, device=device, dtype=torch.float64, requires_grad=True)
    gradient = torch.randn_like(p)
    p.grad = gradient.clone()
    optimizer = getattr(submission, name)([p], lr=0.1, weight_decay=0.1)
    tried(f"{name}(params, lr=0.1, weight_decay=0.1), two steps on one gradient", p=p)
    for _ in range(2):
        before = p.detach().clone()
        step(optimizer)
        assert p.grad is not None, (
            "after step() p.grad is None; clearing gradients is what zero_grad is for"
        )
        if not torch.equal(p.grad, gradient):
            decayed = torch.allclose(p.grad, gradient + 0.1 * before)
            fail(
                "p.grad is changed by step()",
                mistake="weight_decay is added into p.grad; make a new tensor, g = p.grad + weight_decay * p"
                if decayed
                else "",
            )


@BOTH
def test_two_optimizers(submission, device, name):
    """two optimizers do not share their state"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    rows = [[torch.randn_like(s) for s in starts] for _ in range(3)]
    options = {"lr": 0.1, "betas": (0.6, 0.8)}

    def interleaved(make):
        a, b = ([s.clone().requires_grad_() for s in starts] for _ in range(2))
        one, two, three = make(a), make(b), make(a)
        for params, optimizer, row in (
            (a, one, 0),
            (b, two, 1),
            (a, one, 2),
            (a, three, 1),
            (b, two, 0),
        ):
            for p, g in zip(params, rows[row], strict=True):
                p.grad = g.clone()
            step(optimizer)
        return [p.detach() for p in (*a, *b)]

    expected = interleaved(lambda ps: getattr(torch.optim, name)(ps, **options))
    tried(
        f"three instances of {name}(params, lr=0.1, betas=(0.6, 0.8)), two of them on the same parameters",
        params=starts,
    )
    actual = interleaved(lambda ps: getattr(submission, name)(ps, **options))
    if not all(torch.allclose(a, e, atol=ATOL) for a, e in zip(actual, expected, strict=True)):
        fail(
            "two optimizers share their state",
            hint="keep m, v and t in the instance, in __init__, not in the class, in a default argument or on the parameter",
        )


@BOTH
def test_nothing_is_recorded(submission, device, name):
    """step() records nothing for autograd"""
    params = [torch.randn(shape, device=device, requires_grad=True) for shape in SHAPES]
    optimizer = getattr(submission, name)(params, lr=0.1, weight_decay=0.1)
    tried(f"{name}(params, lr=0.1, weight_decay=0.1), 2 steps", params=params)
    for _ in range(2):
        for p in params:
            p.grad = torch.randn_like(p)
        with Recording() as mode:
            step(optimizer)
        if mode.recorded:
            fail(
                f"an operation in step() is recorded by autograd ({mode.recorded})",
                mistake="the state then keeps a graph alive that grows with every step",
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


@BOTH
def test_zero_grad(submission, device, name):
    """zero_grad clears every gradient and nothing else"""
    starts = [torch.randn(shape, device=device, dtype=torch.float64) for shape in SHAPES]
    rows = [[torch.randn_like(s) for s in starts] for _ in range(3)]
    expected = run(lambda ps: getattr(torch.optim, name)(ps, lr=0.1), starts, rows)[-1]
    params = [s.clone().requires_grad_() for s in starts]
    optimizer = getattr(submission, name)(params, lr=0.1)
    tried(f"{name}(params, lr=0.1).zero_grad()", params=params)
    try:
        optimizer.zero_grad()
    except (AttributeError, TypeError, RuntimeError) as error:
        fail(f"zero_grad() raises {type(error).__name__} where there is no gradient yet: {error}")
    for row in rows:
        for p, g in zip(params, row, strict=True):
            p.grad = g.clone()
        step(optimizer)
        optimizer.zero_grad()
        left = [i for i, p in enumerate(params) if p.grad is not None and bool((p.grad != 0).any())]
        assert not left, f"after zero_grad() parameter {left[0]} still has a gradient"
    same = (torch.allclose(p.detach(), e, atol=ATOL) for p, e in zip(params, expected, strict=True))
    if not all(same):
        fail(
            "with zero_grad() after every step the parameters are wrong",
            hint="zero_grad clears gradients; m, v and t stay",
        )
