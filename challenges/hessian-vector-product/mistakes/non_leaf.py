"""Reads .grad of a tensor that is no leaf."""
import torch


def grad(y, leaves, create_graph=False):
    if not y.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(y, leaves, create_graph=create_graph, materialize_grads=True)


def hvp(f, inputs, vectors):
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]
    with torch.enable_grad():
        xs = [x if x.requires_grad and not x.is_leaf else x.detach().requires_grad_() for x in inputs]
        g = grad(f(*xs), xs, create_graph=True)
        slope = sum((g_i * v_i).sum() for g_i, v_i in zip(g, vectors))
        if slope.requires_grad:
            slope.backward(inputs=[x for x in xs if x.is_leaf] or None)
    return tuple(torch.zeros_like(x) if x.grad is None and x.is_leaf else x.grad for x in xs)
