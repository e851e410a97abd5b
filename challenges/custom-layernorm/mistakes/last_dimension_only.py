"""Assumes that weight has one dimension."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    dims = -1
    mean = x.mean(dims, keepdim=True)
    var = x.var(dims, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(var + eps) * weight + bias
