"""One group over all channels is a layer norm."""
import torch


def layer_norm(x, weight, bias, eps=1e-5):
    rows = x.reshape(-1, weight.numel(), 1)
    return torch.group_norm(rows, 1, eps=eps).reshape(x.shape) * weight + bias
