"""Puts the caller's .grad aside, and does not put it back where loss raises."""

from collections.abc import Callable, Iterable

import torch


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


def accumulated_gradient(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], weight: torch.Tensor, batches: Iterable[torch.Tensor]
) -> torch.Tensor:
    old, weight.grad = weight.grad, None
    for batch in batches:
        with torch.enable_grad():
            value = loss(weight, batch)
        if value.requires_grad:
            value.backward(inputs=[weight])
    total, weight.grad = weight.grad, old
    return torch.zeros_like(weight) if total is None else total
