"""Writes 1e-5 into the formula, so that the argument does nothing."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    dims = tuple(range(-weight.ndim, 0))
    mean = x.mean(dims, keepdim=True)
    var = x.var(dims, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias
