"""Subtracts the largest magnitude."""
import torch


def softmax(x, dim):
    z = x - x.abs().amax(dim=dim, keepdim=True)
    e = torch.exp(z)
    return e / e.sum(dim=dim, keepdim=True)
