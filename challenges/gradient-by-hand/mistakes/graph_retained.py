"""Retains each graph, as an error message once suggested."""
from collections.abc import Callable

import torch


def accumulated_gradient(loss, weight, batches):
    leaf = weight.detach().requires_grad_()
    total, values = torch.zeros_like(weight), []
    for batch in batches:
        with torch.enable_grad():
            values.append(loss(leaf, batch))
        if values[-1].requires_grad:
            grads = torch.autograd.grad(values[-1], leaf, retain_graph=True, materialize_grads=True)
            total += grads[0]
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
