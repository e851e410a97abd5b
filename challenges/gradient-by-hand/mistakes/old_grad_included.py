"""Restores the .grad of the caller, after having added to what stood there."""
from collections.abc import Callable

import torch


def accumulated_gradient(loss, weight, batches):
    before = None if weight.grad is None else weight.grad.clone()
    for batch in batches:
        with torch.enable_grad():
            value = loss(weight, batch)
        if value.requires_grad:
            value.backward(inputs=[weight])
    total, weight.grad = weight.grad, before
    return total


def vector_jacobian(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()  # a leaf of our own: nothing happens to the caller's x
        y = f(leaf)
    if not y.requires_grad:
        return torch.zeros_like(x)
    # grad returns what backward would add to .grad, and touches no tensor in the graph.
    return torch.autograd.grad(y, leaf, v, materialize_grads=True)[0]


def gradient(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return vector_jacobian(f, x, None)  # for a scalar, the vector is implied to be 1


def derivative(f: Callable[[torch.Tensor], torch.Tensor], x: float) -> float:
    return gradient(f, torch.tensor(x, dtype=torch.float64)).item()
