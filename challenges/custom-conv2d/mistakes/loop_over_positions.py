"""Loops over the output's positions."""
import torch
from torch.nn import functional as F


def pair(value):
    return (value, value) if isinstance(value, int) else value


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    c_out, c_group, kh, kw = weight.shape
    x = F.pad(x, (padding[1], padding[1], padding[0], padding[0]))
    reach = dilation[0] * (kh - 1) + 1, dilation[1] * (kw - 1) + 1
    rows = []
    for top in range(0, x.shape[2] - reach[0] + 1, stride[0]):
        row = []
        for left in range(0, x.shape[3] - reach[1] + 1, stride[1]):
            window = x[:, :, top : top + reach[0] : dilation[0], left : left + reach[1] : dilation[1]]
            window = window.reshape(len(x), groups, 1, c_group, kh, kw)
            kernels = weight.reshape(1, groups, c_out // groups, c_group, kh, kw)
            row.append((window * kernels).sum((3, 4, 5)).reshape(len(x), c_out))
        rows.append(torch.stack(row, dim=-1))
    y = torch.stack(rows, dim=-2)
    return y if bias is None else y + bias[:, None, None]
