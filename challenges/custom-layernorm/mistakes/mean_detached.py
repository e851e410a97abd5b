"""Detaches the mean."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    dims = tuple(range(-weight.ndim, 0))
    mean = x.mean(dims, keepdim=True)
    var = (x - mean).square().mean(dims, keepdim=True)
    return (x - mean.detach()) / torch.sqrt(var + eps) * weight + bias
