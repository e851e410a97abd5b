import torch
from torch.nn import functional as F


def conv2d(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> torch.Tensor:
    """Lay every window out as a column (im2col), and the convolution is one matrix product for each group."""
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)
    n, _, h, w = x.shape
    c_out, _, kh, kw = weight.shape
    h_out = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    w_out = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    columns = F.unfold(x, (kh, kw), (dh, dw), (ph, pw), (sh, sw))  # (N, C_in * kh * kw, L)
    columns = columns.view(n, groups, -1, h_out * w_out)  # (N, G, C_in / G * kh * kw, L)
    kernels = weight.reshape(groups, c_out // groups, -1)  # (G, C_out / G, C_in / G * kh * kw)
    y = (kernels @ columns).reshape(n, c_out, h_out, w_out)  # (G, O, K) @ (N, G, K, L) -> (N, G, O, L)
    return y if bias is None else y + bias.view(-1, 1, 1)


def pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
