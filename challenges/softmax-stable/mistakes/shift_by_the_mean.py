"""Subtracts the mean."""
import torch


def softmax(x, dim):
    z = x - x.mean(dim=dim, keepdim=True)
    e = torch.exp(z)
    return e / e.sum(dim=dim, keepdim=True)
