"""Builds H row by row, and multiplies."""
import torch


def grad(y, leaves, create_graph=False):
    if not y.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(y, leaves, create_graph=create_graph, materialize_grads=True)


def hvp(f, inputs, vectors):
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]
    with torch.enable_grad():
        leaves = [x.detach().requires_grad_() for x in inputs]
        g = torch.cat([part.reshape(-1) for part in grad(f(*leaves), leaves, create_graph=True)])
    v = torch.cat([part.reshape(-1) for part in vectors])
    rows = [grad(value, leaves, create_graph=True) for value in g]
    h = torch.stack([torch.cat([part.detach().reshape(-1) for part in row]) for row in rows])
    parts = (h @ v).split([x.numel() for x in inputs])
    return tuple(part.view(x.shape) for part, x in zip(parts, inputs))
