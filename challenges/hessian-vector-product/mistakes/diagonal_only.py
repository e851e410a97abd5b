"""Multiplies with v at the end, one element at a time: only H's diagonal comes in."""
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
    products = []
    for leaf, g_i, v_i in zip(leaves, g, vectors):
        rows = [torch.autograd.grad(value, leaf, retain_graph=True)[0].reshape(-1) for value in g_i.reshape(-1)]
        products.append(torch.stack(rows).diagonal().view_as(v_i) * v_i)
    return tuple(products)
