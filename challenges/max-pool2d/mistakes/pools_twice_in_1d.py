"""Pools rows, then columns, with max_pool1d."""
from torch.nn import functional as F


def pair(value):
    return (value, value) if isinstance(value, int) else value


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    k, p, d = pair(kernel_size), pair(padding), pair(dilation)
    s = pair(kernel_size if stride is None else stride)
    y = F.max_pool1d(x.flatten(0, 2), k[1], s[1], p[1], d[1]).unflatten(0, x.shape[:3]).transpose(2, 3)
    y = F.max_pool1d(y.flatten(0, 2), k[0], s[0], p[0], d[0]).unflatten(0, y.shape[:3])
    return y.transpose(2, 3)
