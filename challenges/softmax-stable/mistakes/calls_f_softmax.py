"""Lets F.softmax do the work."""
import torch.nn.functional as F


def softmax(x, dim):
    return F.softmax(x, dim=dim)
