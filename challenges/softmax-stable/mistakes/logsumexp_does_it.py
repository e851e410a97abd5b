"""Leaves the shift to logsumexp."""
import torch


def softmax(x, dim):
    return torch.exp(x - x.logsumexp(dim, keepdim=True))
