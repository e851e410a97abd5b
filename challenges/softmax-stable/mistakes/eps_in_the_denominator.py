"""Adds an epsilon against a division by zero that cannot happen."""
import torch


def softmax(x, dim):
    z = x - x.max(dim=dim, keepdim=True).values
    e = torch.exp(z)
    return e / (e.sum(dim=dim, keepdim=True) + 1e-8)
