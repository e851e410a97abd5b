"""Takes the variance as mean(x^2) - mean(x)^2, which cancels."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    dims = tuple(range(-weight.ndim, 0))
    mean = x.mean(dims, keepdim=True)
    var = ((x * x).mean(dims, keepdim=True) - mean**2).clamp(min=0)
    return (x - mean) / torch.sqrt(var + eps) * weight + bias
