"""Loops over the output's positions."""
import torch
from torch.nn import functional as F


def pair(value):
    return (value, value) if isinstance(value, int) else value


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    (kh, kw), (ph, pw), (dh, dw) = pair(kernel_size), pair(padding), pair(dilation)
    sh, sw = pair(kernel_size if stride is None else stride)
    x = F.pad(x, (pw, pw, ph, ph), value=float("-inf"))
    rh, rw = dh * (kh - 1) + 1, dw * (kw - 1) + 1
    rows = []
    for top in range(0, x.shape[2] - rh + 1, sh):
        lefts = range(0, x.shape[3] - rw + 1, sw)
        rows.append(torch.stack([x[:, :, top : top + rh : dh, left : left + rw : dw].amax((2, 3)) for left in lefts], -1))
    return torch.stack(rows, -2)
