"""Computes the size with dilation, and takes neighbouring pixels."""
import torch
from torch.nn import functional as F


def pair(value):
    return (value, value) if isinstance(value, int) else value


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    x = F.pad(x, (pw, pw, ph, ph))
    n, c_in, h, w = x.shape
    c_out, c_group, kh, kw = weight.shape
    h_out, w_out = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    x = x.reshape(n, groups, c_group, h, w)
    weight = weight.reshape(groups, c_out // groups, c_group, kh, kw)
    y = 0
    for i in range(kh):
        for j in range(kw):
            part = x[..., i : i + h_out * sh : sh, j : j + w_out * sw : sw]
            y = y + torch.einsum("ngchw,goc->ngohw", part, weight[..., i, j])
    y = y.reshape(n, c_out, h_out, w_out)
    return y if bias is None else y + bias[:, None, None]
