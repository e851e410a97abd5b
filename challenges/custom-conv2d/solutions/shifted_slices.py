import torch
from torch.nn import functional as F


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """For each position of the kernel, the strided slice of the image that meets it, times that weight."""
    (sh, sw), (ph, pw), (dh, dw) = (v if isinstance(v, tuple | list) else (v, v) for v in (stride, padding, dilation))
    x = F.pad(x, (pw, pw, ph, ph))  # last dimension first
    n, c_in, h, w = x.shape
    c_out, _, kh, kw = weight.shape
    h_out, w_out = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    x = x.reshape(n, groups, c_in // groups, h, w)
    weight = weight.reshape(groups, c_out // groups, c_in // groups, kh, kw)
    y = x.new_zeros(n, groups, c_out // groups, h_out, w_out)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dh, j * dw
            part = x[..., top : top + (h_out - 1) * sh + 1 : sh, left : left + (w_out - 1) * sw + 1 : sw]
            y = y + torch.einsum("ngchw,goc->ngohw", part, weight[..., i, j])
    y = y.reshape(n, c_out, h_out, w_out)
    return y if bias is None else y + bias[:, None, None]
