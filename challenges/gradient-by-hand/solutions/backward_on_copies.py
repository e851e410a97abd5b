from collections.abc import Callable, Iterable

import torch


def pull_back(f, x, v):
    """backward() on a copy; `inputs` keeps it from adding to the .grad of other leaves."""
    leaf = x.detach().clone()
    leaf.requires_grad = True
    with torch.enable_grad():
        y = f(leaf)
        if y.requires_grad:
            y.backward(gradient=v, inputs=[leaf])
    return torch.zeros_like(x.detach()) if leaf.grad is None else leaf.grad


def derivative(f: Callable[[torch.Tensor], torch.Tensor], x: float) -> float:
    return float(pull_back(f, torch.tensor(float(x), dtype=torch.double), None))


def gradient(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    return pull_back(f, x, None)


def vector_jacobian(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return pull_back(lambda leaf: (f(leaf) * v).sum(), x, None)


def accumulated_gradient(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], weight: torch.Tensor, batches: Iterable[torch.Tensor]
) -> torch.Tensor:
    leaf = weight.detach().clone().requires_grad_()
    leaf.grad = torch.zeros_like(leaf)
    for batch in batches:
        with torch.enable_grad():
            value = loss(leaf, batch)
        if value.requires_grad:
            value.backward(inputs=[leaf])  # adds to leaf.grad, and frees the graph
    return leaf.grad
