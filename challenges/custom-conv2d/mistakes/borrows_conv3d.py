"""Calls the convolution of one dimension more."""
import torch


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    def triple(value, first):
        return (first, value, value) if isinstance(value, int) else (first, *value)

    y = torch.conv3d(x[:, :, None], weight[:, :, None], bias, triple(stride, 1), triple(padding, 0), triple(dilation, 1), groups)
    return y[:, :, 0]
