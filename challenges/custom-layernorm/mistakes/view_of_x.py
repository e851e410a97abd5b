"""Flattens with view, which only a contiguous input allows."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    rows = x.view(-1, weight.numel())
    var, mean = torch.var_mean(rows, dim=1, correction=0, keepdim=True)
    return ((rows - mean) / torch.sqrt(var + eps)).view(x.shape) * weight + bias
