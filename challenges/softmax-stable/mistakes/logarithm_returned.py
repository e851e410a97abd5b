"""Returns log-probabilities."""
import torch


def softmax(x, dim):
    z = x - x.max(dim=dim, keepdim=True).values
    e = torch.exp(z)
    return z - e.sum(dim=dim, keepdim=True).log()
