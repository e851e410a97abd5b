"""The maximum follows dim, the sum does not."""
import torch


def softmax(x, dim):
    z = x - x.max(dim=dim, keepdim=True).values
    e = torch.exp(z)
    return e / e.sum(-1, keepdim=True)
