from collections.abc import Callable

import torch


def grad(y: torch.Tensor, leaves: list[torch.Tensor], create_graph: bool = False) -> tuple[torch.Tensor, ...]:
    """The gradient of a scalar; zeros where it does not depend on a leaf, or on nothing at all."""
    if not y.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(y, leaves, create_graph=create_graph, materialize_grads=True)


def hvp(
    f: Callable[..., torch.Tensor],
    inputs: torch.Tensor | tuple[torch.Tensor, ...],
    vectors: torch.Tensor | tuple[torch.Tensor, ...],
) -> torch.Tensor | tuple[torch.Tensor, ...]:
    """H v = d(g · v)/dx: v is a constant, so one more gradient does it."""
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]
    with torch.enable_grad():
        leaves = [x.detach().requires_grad_() for x in inputs]
        g = grad(f(*leaves), leaves, create_graph=True)
        slope = sum((g_i * v_i).sum() for g_i, v_i in zip(g, vectors))  # one number for all inputs
    return grad(slope, leaves)
