"""Forgets to divide."""
import torch


def softmax(x, dim):
    z = x - x.max(dim=dim, keepdim=True).values
    e = torch.exp(z)
    return e
