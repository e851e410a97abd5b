"""Casts to float32 for safety."""
import torch


def softmax(x, dim):
    x = x.float()
    z = x - x.max(dim=dim, keepdim=True).values
    e = torch.exp(z)
    return e / e.sum(dim=dim, keepdim=True)
