"""Builds all rows of H at once with is_grads_batched."""
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
    eye = torch.eye(len(g), dtype=g.dtype, device=g.device)
    columns = torch.autograd.grad(g, leaves, eye, is_grads_batched=True)
    return tuple(torch.tensordot(v, column, dims=1) for column in columns)
