"""Convolves each group with its own kernels, and gives all of them the bias of the first."""

import torch
from torch.nn import functional as F


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    C_out, _, kH, kW = weight.shape
    pair = lambda v: (v, v) if isinstance(v, int) else v
    (sH, _), (pH, _), (dH, _) = map(pair, (stride, padding, dilation))
    H_out = (x.shape[2] + 2 * pH - dH * (kH - 1) - 1) // sH + 1
    blocks = []
    for x_g, weight_g in zip(x.chunk(groups, 1), weight.chunk(groups)):
        columns = F.unfold(x_g, (kH, kW), dilation, padding, stride)
        y = weight_g.flatten(1) @ columns
        if bias is not None:
            y = y + bias[: C_out // groups].view(-1, 1)
        blocks.append(y)
    return torch.cat(blocks, 1).reshape(len(x), C_out, H_out, -1)
