"""Subtracts the mean from the caller's tensor."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    dims = tuple(range(-weight.ndim, 0))
    mean = x.mean(dims, keepdim=True)
    var = x.var(dims, correction=0, keepdim=True)
    x.data.sub_(mean)
    return x / torch.sqrt(var + eps) * weight + bias
