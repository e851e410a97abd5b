"""Passes create_graph=True without need, so that the result drags its graph along."""
from collections.abc import Callable

import torch


def vector_jacobian(f, x, v):
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        y = f(leaf)
        if not y.requires_grad:
            return torch.zeros_like(x)
        return torch.autograd.grad(y, leaf, v, materialize_grads=True, create_graph=True)[0]


def accumulated_gradient(loss, weight, batches):
    total = torch.zeros_like(weight)
    for batch in batches:
        total += gradient(lambda w, b=batch: loss(w, b), weight).detach()
    return total


def gradient(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return vector_jacobian(f, x, None)  # for a scalar, the vector is implied to be 1


def derivative(f: Callable[[torch.Tensor], torch.Tensor], x: float) -> float:
    return gradient(f, torch.tensor(x, dtype=torch.float64)).item()
