"""Lets F.layer_norm do the work."""
from torch.nn import functional as F


def layer_norm(x, weight, bias, eps=1e-5):
    return F.layer_norm(x, weight.shape, weight, bias, eps)
