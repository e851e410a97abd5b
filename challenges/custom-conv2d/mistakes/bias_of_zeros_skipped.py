"""Saves the addition where the bias is all zeros, as it is when training starts, and with it the gradient."""

import torch
from torch.nn import functional as F


def pair(v):
    return (v, v) if isinstance(v, int) else v


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    n, co, (kh, kw) = x.shape[0], weight.shape[0], weight.shape[2:]
    x = F.pad(x, (pw, pw, ph, ph))
    ho = (x.shape[2] - dh * (kh - 1) - 1) // sh + 1
    wo = (x.shape[3] - dw * (kw - 1) - 1) // sw + 1
    columns = F.unfold(x, (kh, kw), dilation=(dh, dw), stride=(sh, sw)).reshape(n, groups, -1, ho * wo)
    y = torch.einsum("gok,ngkl->ngol", weight.reshape(groups, co // groups, -1), columns).reshape(n, co, ho, wo)
    if bias is not None and bias.any():
        y = y + bias.view(-1, 1, 1)
    return y
