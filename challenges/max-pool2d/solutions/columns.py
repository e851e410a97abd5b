import torch
from torch.nn import functional as F


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    """im2col with each channel as an image of its own; `max` hands the gradient to one element of each window."""
    kernel_size, padding, dilation = _pair(kernel_size), _pair(padding), _pair(dilation)
    stride = kernel_size if stride is None else _pair(stride)
    n, c = x.shape[:2]
    images = x.reshape(n * c, 1, *x.shape[2:])
    images = F.pad(images, (padding[1], padding[1], padding[0], padding[0]), value=-torch.inf)
    h_out, w_out = (
        (size - d * (k - 1) - 1) // s + 1
        for size, k, s, d in zip(images.shape[2:], kernel_size, stride, dilation, strict=True)
    )
    columns = F.unfold(images, kernel_size, dilation=dilation, stride=stride)  # (N * C, kh * kw, L)
    return columns.max(dim=1).values.reshape(n, c, h_out, w_out)


def _pair(value):
    return value if isinstance(value, tuple | list) else (value, value)
