"""Forgets that the gradient itself has to have a graph."""
import torch


def hvp(f, inputs, vectors):
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]
    leaves = [x.detach().requires_grad_() for x in inputs]
    g = torch.autograd.grad(f(*leaves), leaves)
    slope = sum((g_i * v_i).sum() for g_i, v_i in zip(g, vectors))
    return torch.autograd.grad(slope, leaves)
