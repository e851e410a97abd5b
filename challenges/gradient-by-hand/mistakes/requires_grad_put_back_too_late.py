"""Turns requires_grad of x on, and does not turn it off again where f raises."""

from collections.abc import Callable, Iterable

import torch


def vector_jacobian(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    required = x.requires_grad
    with torch.enable_grad():
        y = f(x.requires_grad_())
        total = torch.autograd.grad(y, x, v, materialize_grads=True)[0] if y.requires_grad else None
    if not required:
        x.requires_grad_(False)
    return torch.zeros_like(x) if total is None else total


def gradient(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return vector_jacobian(f, x, None)  # for a scalar, the vector is implied to be 1


def derivative(f: Callable[[torch.Tensor], torch.Tensor], x: float) -> float:
    return gradient(f, torch.tensor(x, dtype=torch.float64)).item()


def accumulated_gradient(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], weight: torch.Tensor, batches: Iterable[torch.Tensor]
) -> torch.Tensor:
    total = torch.zeros_like(weight)
    for batch in batches:
        total += gradient(lambda w, b=batch: loss(w, b), weight)  # its graph is freed here
    return total
