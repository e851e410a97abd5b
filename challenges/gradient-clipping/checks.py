"""Hidden checks for gradient-clipping. A check's docstring is the line the learner sees."""

import math
import numbers

import pytest
import torch
from torch import nn

from drill.checking import assert_close, fail, tried

SHAPES = [(3, 4), (5,), (2, 3, 2), (), (5,)]
RTOL = 1e-5  # torch's 1e-6 under the fraction is free, and so is the order of the sum


def parameters(device, *, scale=1.0, dtype=torch.float32):
    """Five parameters whose gradients have norms of their own, and all signs."""
    made = [nn.Parameter(torch.randn(shape, device=device, dtype=dtype)) for shape in SHAPES]
    for factor, parameter in zip((1.0, 0.6, 0.2, 3.0, 5.0), made, strict=True):
        parameter.grad = scale * factor * torch.randn_like(parameter)
    return made


def grads(made):
    return [parameter.grad.detach().clone() for parameter in made]


def norm(gradients, p=2.0):
    return torch.linalg.vector_norm(flat(gradients), p)


def flat(gradients):
    return torch.cat([g.flatten() for g in gradients])


def scalar(value):
    """The returned norm as a number, or the reason why it is none."""
    if value is None:
        fail("the total norm should be returned, got None", hint="return the norm before clipping")
    if isinstance(value, torch.Tensor):
        assert value.ndim == 0, (
            f"the norm of all gradients is one number, a scalar tensor, got a tensor of shape {tuple(value.shape)}"
        )
        return value.item()
    assert isinstance(value, numbers.Real), (
        f"the total norm should be a number, got a {type(value).__name__}"
    )
    return float(value)


def test_gradients_are_scaled_together(submission, device):
    """all gradients are scaled by one number, so that the total norm is max_norm"""
    made = parameters(device)
    before = grads(made)
    weights = [parameter.detach().clone() for parameter in made]
    total = norm(before)
    max_norm = 0.4 * total.item()
    factor = max_norm / total
    tried(
        f"clip_grad_norm_([five parameters], max_norm={max_norm:.3g}), whose total norm is {total:.3g}"
    )
    submission.clip_grad_norm_(made, max_norm)
    for parameter, weight in zip(made, weights, strict=True):
        assert torch.equal(parameter.detach(), weight), (
            "the parameters were changed; only their gradients should be"
        )
    together = flat(before)
    assert_close(
        flat(grads(made)),
        together * factor,
        what="all gradients, one after another",
        rtol=RTOL,
        mistakes={
            "the gradients do not change": together,
            "each parameter's gradient is clipped by its own norm; that changes the direction of the step": flat(
                [g * (max_norm / norm([g])).clamp(max=1.0) for g in before]
            ),
            "the norms of the parameters are added; the root is taken after the sum of all squares": together
            * max_norm
            / sum(norm([g]) for g in before),
            "only the largest of the parameters' norms counts; the squares of all are added": together
            * max_norm
            / max(norm([g]) for g in before),
            "the square root is missing": together * max_norm / total**2,
            "each value is clipped by itself (clip_grad_value_)": together.clamp(
                -max_norm, max_norm
            ),
            "the gradients are divided by their norm, and max_norm is not multiplied in": together
            / total,
            "the gradients are scaled twice": together * factor**2,
            "the norm is that of the weights": together * max_norm / norm(weights),
        },
        hint="total = sqrt(sum of all squares); every gradient times max_norm / total",
    )


def test_total_norm_comes_back(submission, device):
    """the total norm before clipping comes back"""
    for max_norm in (0.3, 1000.0):
        made = parameters(device)
        total = norm(grads(made)).item()
        tried(f"clip_grad_norm_(parameters, max_norm={max_norm})")
        returned = submission.clip_grad_norm_(made, max_norm)
        assert_close(
            scalar(returned),
            total,
            what="the total norm",
            rtol=RTOL,
            mistakes={
                "this is the norm after clipping": max_norm,
                "this is the square of the norm": total**2,
                "this is the factor, not the norm": min(1.0, max_norm / total),
            },
        )


def test_generator_is_gone_through_once(submission, device):
    """a generator of parameters and a single tensor work too"""
    made = parameters(device)
    before = grads(made)
    factor = 0.3 / norm(before)
    tried("clip_grad_norm_(model.parameters(), max_norm=0.3), a generator")
    submission.clip_grad_norm_((parameter for parameter in made), 0.3)
    for i, (parameter, gradient) in enumerate(zip(made, before, strict=True)):
        assert_close(
            parameter.grad,
            gradient * factor,
            what=f"the gradient of parameter {i}",
            rtol=RTOL,
            mistakes={
                "a generator gives its items once only: the second loop over it finds nothing": gradient,
            },
            hint="keep a list first",
        )
    (single,) = parameters(device)[:1]
    gradient = single.grad.clone()
    tried("clip_grad_norm_(weight, max_norm=0.3), a single tensor", weight=single)
    try:
        submission.clip_grad_norm_(single, 0.3)
    except (AttributeError, TypeError, RuntimeError, ValueError) as error:
        fail(
            f"a single tensor raises {type(error).__name__}: {error}",
            mistake="a loop over a tensor goes through its rows, which are no parameters",
            hint="if isinstance(parameters, torch.Tensor): parameters = [parameters]",
        )
    assert_close(
        single.grad,
        gradient * 0.3 / norm([gradient]),
        what="the gradient",
        rtol=RTOL,
        mistakes={"a loop over a tensor goes through its rows, which are no parameters": gradient},
    )


def test_any_iterable(submission, device):
    """the parameters may be any tensors in any iterable"""
    kinds = {
        "named.values(), of a dict": lambda tensors: dict(enumerate(tensors)).values(),
        "a tensor, requires_grad=True, that is no nn.Parameter": lambda tensors: tensors[0],
    }
    for what, kind in kinds.items():
        tensors = [torch.randn(shape, device=device, requires_grad=True) for shape in SHAPES]
        for tensor in tensors:
            tensor.grad = torch.randn_like(tensor)
        given = kind(tensors)
        held = tensors[:1] if given is tensors[0] else tensors
        before = grads(held)
        tried(f"clip_grad_norm_({what}, max_norm=0.3)")
        try:
            submission.clip_grad_norm_(given, 0.3)
        except (AttributeError, TypeError, IndexError, RuntimeError) as error:
            fail(
                f"{what}, raises {type(error).__name__}: {error}",
                hint="ask for isinstance(parameters, torch.Tensor): a Tensor is one tensor, anything else an iterable of them",
            )
        assert_close(
            flat(grads(held)),
            flat(before) * 0.3 / norm(before),
            what="all gradients, one after another",
            rtol=RTOL,
            mistakes={"the gradients do not change": flat(before)},
            hint="ask for isinstance(parameters, torch.Tensor): a Tensor is one tensor, anything else an iterable of them",
        )


def test_small_gradients_stay(submission, device):
    """gradients whose norm is not above max_norm stay as they are"""
    for ratio in (1.5, 20.0):
        made = parameters(device)
        before = grads(made)
        max_norm = ratio * norm(before).item()
        tried(
            f"clip_grad_norm_(parameters, max_norm={max_norm:.3g}), whose total norm is {norm(before):.3g}"
        )
        submission.clip_grad_norm_(made, max_norm)
        for i, (parameter, gradient) in enumerate(zip(made, before, strict=True)):
            assert_close(
                parameter.grad,
                gradient,
                what=f"the gradient of parameter {i}",
                mistakes={"gradients below the limit are scaled up to it": gradient * ratio},
                hint="the factor is 1 at most",
            )
    made = parameters(device, scale=1e-6)
    before = grads(made)
    max_norm = 5 * norm(before).item()
    tried(
        f"clip_grad_norm_(parameters, max_norm={max_norm:.3g}), whose total norm is {norm(before):.3g}"
    )
    returned = submission.clip_grad_norm_(made, max_norm)
    assert_close(
        flat(grads(made)),
        flat(before),
        what="all gradients, one after another",
        rtol=RTOL,
        atol=0,
        hint="tiny gradients below the limit change; 1e-6 belongs to the norm that is divided by, and there the factor is 1 at most",
    )
    assert_close(
        scalar(returned),
        norm(before).item(),
        what="the total norm of tiny gradients",
        rtol=RTOL,
        atol=0,
        mistakes={"1e-6 is added to the norm that is returned": norm(before).item() + 1e-6},
    )


def test_gradients_are_changed_in_place(submission, device):
    """each .grad stays the same tensor"""
    made = parameters(device)
    tensors = [parameter.grad for parameter in made]
    held = [tensor.clone() for tensor in tensors]
    places = [tensor.data_ptr() for tensor in tensors]
    tried("clip_grad_norm_(parameters, max_norm=0.3), looking at the tensors in .grad")
    submission.clip_grad_norm_(made, 0.3)
    for parameter, tensor, old in zip(made, tensors, held, strict=True):
        if parameter.grad is not tensor or torch.equal(tensor, old):
            fail(
                "a .grad is not the tensor it was before, with its values changed",
                mistake="p.grad = p.grad * factor puts a new tensor there; whoever holds the old one, such as a bucket of all gradients, sees nothing",
                hint="p.grad.mul_(factor)",
            )
        assert not parameter.grad.requires_grad, "a clipped .grad requires a gradient itself"
    if [tensor.data_ptr() for tensor in tensors] != places:
        fail(
            "a .grad has its values at another place in memory than before",
            mistake="assigning to .data changes the memory under a tensor; views of the old memory, such as a bucket of all gradients, see nothing",
            hint="p.grad.mul_(factor)",
        )


def test_memory_layout_is_free(submission, device):
    """gradients that are not contiguous are clipped too"""
    made = parameters(device)
    made[0].grad = torch.randn(4, 3, device=device).T
    made[2].grad = torch.randn(2, 2, 3, device=device).transpose(1, 2)
    before = grads(made)
    tried("clip_grad_norm_(parameters, max_norm=0.3), two .grad not contiguous")
    try:
        submission.clip_grad_norm_(made, 0.3)
    except RuntimeError as error:
        fail(
            f"a gradient that is not contiguous raises: {error}",
            hint="x.view needs contiguous memory; the norm and mul_ need no reshaping",
        )
    for i, gradient in enumerate(before):
        assert_close(
            made[i].grad,
            gradient * 0.3 / norm(before),
            what=f"the gradient of parameter {i}",
            rtol=RTOL,
            mistakes={
                "reshape and contiguous copy what is not contiguous, and the copy is scaled": gradient
            },
        )


def test_frozen_parameters_count(submission, device):
    """a gradient counts where its parameter is frozen by now"""
    made = parameters(device)
    made[0].requires_grad_(False)
    before = grads(made)
    tried("clip_grad_norm_(parameters, max_norm=0.3), one with a .grad and requires_grad=False")
    submission.clip_grad_norm_(made, 0.3)
    assert_close(
        flat(grads(made)),
        flat(before) * 0.3 / norm(before),
        what="all gradients, one after another",
        rtol=RTOL,
        hint="what has a .grad takes part, whatever requires_grad says",
    )


def test_parameters_without_gradient_are_passed_over(submission, device):
    """parameters without a gradient are passed over"""
    made = parameters(device)
    before = grads(made)
    made[1].grad = None
    unused = [made[0], made[1], nn.Parameter(torch.randn(3, device=device)), made[2]]
    total = norm([before[0], before[2]])
    tried("clip_grad_norm_(parameters, max_norm=0.3), two of four tensors without a gradient")
    try:
        returned = submission.clip_grad_norm_(unused, 0.3)
    except (AttributeError, TypeError) as error:
        fail(
            f"a parameter whose .grad is None raises {type(error).__name__}: {error}",
            hint="if p.grad is not None",
        )
    assert_close(made[2].grad, before[2] * 0.3 / total, what="the last gradient", rtol=RTOL)
    assert made[1].grad is None, "a .grad that was None should stay None"
    assert_close(scalar(returned), total.item(), what="the total norm", rtol=RTOL)


@pytest.mark.parametrize(
    "norm_type",
    [1.0, 3.0, 2.5, 0.5, float("inf")],
    ids=["norm_type 1", "norm_type 3", "norm_type 2.5", "norm_type 0.5", "norm_type inf"],
)
def test_norm_type(submission, device, norm_type):
    """norm_type decides which norm"""
    made = parameters(device)
    if flat(grads(made)).max() > -flat(grads(made)).min():
        for parameter in made:  # so that the largest gradient is a negative one
            parameter.grad.neg_()
    before = grads(made)
    total = norm(before, norm_type)
    max_norm = 0.3 * total.item()
    tried(f"clip_grad_norm_(parameters, max_norm={max_norm:.3g}, norm_type={norm_type})")
    returned = submission.clip_grad_norm_(made, max_norm, norm_type=norm_type)
    signed = flat(before)
    without_abs = (
        (signed**norm_type).sum() ** (1 / norm_type) if norm_type in (1.0, 3.0) else signed.max()
    )
    mistakes = {
        "norm_type is ignored": norm(before).item(),
        "the absolute values are forgotten": without_abs.item(),
        "the root is always the square root": math.sqrt((signed.abs() ** norm_type).sum().item())
        if norm_type != math.inf
        else 0.0,
        "the norms of the parameters are put together by a norm of another type": torch.stack(
            [norm([g], norm_type) for g in before]
        )
        .norm()
        .item(),
    }
    hint = 'sum(|g| ** p) ** (1 / p), and the largest |g| for float("inf")'
    assert_close(
        scalar(returned),
        total.item(),
        what="the total norm",
        rtol=RTOL,
        mistakes=mistakes,
        hint=hint,
    )
    for i, (parameter, gradient) in enumerate(zip(made, before, strict=True)):
        assert_close(
            parameter.grad,
            gradient * 0.3,
            what=f"the gradient of parameter {i}",
            rtol=RTOL,
            hint=hint,
        )


def test_nothing_to_clip(submission, device):
    """gradients of zero, or none at all, do no harm"""
    zero = nn.Parameter(torch.randn(3, 2, device=device))
    zero.grad = torch.zeros_like(zero)
    tried("clip_grad_norm_(parameters, max_norm=1.0) with gradients of zero")
    returned = submission.clip_grad_norm_([zero], 1.0)
    assert_close(
        zero.grad,
        torch.zeros(3, 2, device=device),
        what="the gradient",
        hint="0 / 0 is NaN; scale only where the norm exceeds max_norm",
    )
    assert_close(scalar(returned), 0.0, what="the total norm of zeros", rtol=0, atol=0)
    for nothing in ([], [nn.Parameter(torch.randn(2, device=device))]):
        tried(
            f"clip_grad_norm_(parameters, max_norm=1.0) with {len(nothing)} parameters and no gradient"
        )
        try:
            returned = submission.clip_grad_norm_(nothing, 1.0)
        except (RuntimeError, ValueError, IndexError, TypeError, AttributeError) as error:
            fail(
                f"no gradient at all raises {type(error).__name__}: {error}",
                hint="return 0 where there is no gradient",
            )
        assert_close(scalar(returned), 0.0, what="the total norm")


def test_limit_of_zero(submission, device):
    """a limit of 0 makes every gradient 0"""
    for scale in (1.0, 0.0):
        made = parameters(device, scale=scale)
        before = grads(made)
        total = norm(before)
        tried(f"clip_grad_norm_(parameters, max_norm=0), whose total norm is {total:.3g}")
        try:
            returned = submission.clip_grad_norm_(made, 0)
        except ZeroDivisionError:
            fail(
                "max_norm=0 raises ZeroDivisionError",
                hint="compare total_norm > max_norm, and multiply by max_norm / total_norm; divide by nothing else",
            )
        assert_close(
            flat(grads(made)),
            torch.zeros_like(flat(before)),
            what="all gradients, one after another",
            mistakes={
                "0 is taken for no limit; `if max_norm` is false for it": flat(before),
                "0 / 0 is NaN; scale only where the norm exceeds max_norm": flat(before)
                * torch.nan,
            },
        )
        assert_close(scalar(returned), total.item(), what="the total norm", rtol=RTOL)


def test_float64_stays_float64(submission, device):
    """float64 gradients stay exact"""
    made = parameters(device, scale=1e6, dtype=torch.float64)
    before = grads(made)
    max_norm = 0.3 * norm(before).item()
    tried("clip_grad_norm_(parameters, ...) with float64 gradients of about 1e6")
    submission.clip_grad_norm_(made, max_norm)
    # Gradients this large make torch's 1e-6 under the fraction vanish, and float32 show.
    assert_close(
        flat(grads(made)),
        flat(before) * 0.3,
        what="all gradients, one after another",
        rtol=1e-9,
        atol=1e-6,
        hint="cast nothing to float32",
    )
