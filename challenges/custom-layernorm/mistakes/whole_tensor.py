"""One mean and one variance for everything."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    dims = tuple(range(-weight.ndim, 0))
    mean = x.mean()
    var = x.var(correction=0)
    return (x - mean) / torch.sqrt(var + eps) * weight + bias
