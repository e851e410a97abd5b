"""Turns gradients on and does not put the caller's mode back."""

from collections.abc import Callable, Iterable

import torch


def vector_jacobian(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    torch.set_grad_enabled(True)
    leaf = x.detach().requires_grad_()
    y = f(leaf)
    if not y.requires_grad:
        return torch.zeros_like(x)
    # grad returns what backward would add to .grad, and touches no tensor in the graph.
    return torch.autograd.grad(y, leaf, v, materialize_grads=True)[0]


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
