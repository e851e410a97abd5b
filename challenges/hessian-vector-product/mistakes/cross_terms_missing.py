"""Treats each input by itself."""
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
        g = grad(f(*leaves), leaves, create_graph=True)
    return tuple(
        grad((g_i * v_i).sum(), [leaf], create_graph=True)[0].detach()
        for leaf, g_i, v_i in zip(leaves, g, vectors)
    )
