import torch
from torch.nn import functional as F


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    """A running maximum over the kernel's positions, each a strided slice of the image."""
    pairs = [value if isinstance(value, tuple) else (value, value) for value in (kernel_size, padding, dilation)]
    (kh, kw), (ph, pw), (dh, dw) = pairs
    sh, sw = (kh, kw) if stride is None else stride if isinstance(stride, tuple) else (stride, stride)
    x = F.pad(x, (pw, pw, ph, ph), value=-torch.inf)
    last_top, last_left = x.shape[2] - dh * (kh - 1), x.shape[3] - dw * (kw - 1)
    y = None
    for i in range(kh):
        for j in range(kw):
            part = x[..., i * dh : i * dh + last_top : sh, j * dw : j * dw + last_left : sw]
            y = part if y is None else torch.maximum(y, part)
    return y.clone()
