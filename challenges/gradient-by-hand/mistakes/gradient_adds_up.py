"""Uses the caller's leaf where there is one, and what stands in its .grad is counted in."""
from collections.abc import Callable

import torch


def gradient(f, x):
    leaf = x if x.is_leaf and x.requires_grad else x.detach().requires_grad_()
    with torch.enable_grad():
        y = f(leaf)
        if y.requires_grad:
            y.backward(inputs=[leaf])
    return torch.zeros_like(x) if leaf.grad is None else leaf.grad.clone()


def accumulated_gradient(loss, weight, batches):
    total = torch.zeros_like(weight)
    for batch in batches:
        total += vector_jacobian(lambda w, b=batch: loss(w, b), weight, None)
    return total


def vector_jacobian(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()  # a leaf of our own: nothing happens to the caller's x
        y = f(leaf)
    if not y.requires_grad:
        return torch.zeros_like(x)
    # grad returns what backward would add to .grad, and touches no tensor in the graph.
    return torch.autograd.grad(y, leaf, v, materialize_grads=True)[0]


def derivative(f: Callable[[torch.Tensor], torch.Tensor], x: float) -> float:
    return gradient(f, torch.tensor(x, dtype=torch.float64)).item()
