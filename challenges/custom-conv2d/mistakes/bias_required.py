"""Always adds the bias."""
import torch
from torch.nn import functional as F


def pair(value):
    return (value, value) if isinstance(value, int) else value


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    c_out, _, kh, kw = weight.shape
    x = F.pad(x, (padding[1], padding[1], padding[0], padding[0]))
    n, c_in, h, w = x.shape
    h_out = (h - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    w_out = (w - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    columns = F.unfold(x, (kh, kw), dilation=dilation, stride=stride)
    columns = columns.reshape(n, groups, -1, h_out * w_out)
    kernels = weight.reshape(groups, c_out // groups, -1)
    y = (kernels @ columns).reshape(n, c_out, h_out, w_out)
    y = y + bias.reshape(1, -1, 1, 1)
    return y
