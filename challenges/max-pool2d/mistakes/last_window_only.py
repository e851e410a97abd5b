"""Writes the gradient by index, so that an element that wins twice gets one gradient."""
import torch
from torch.nn import functional as F


def pair(value):
    return (value, value) if isinstance(value, int) else value


class Pick(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, index):
        ctx.save_for_backward(index)
        ctx.shape = x.shape
        return x.flatten(2).gather(2, index.flatten(2)).view(index.shape)

    @staticmethod
    def backward(ctx, grad):
        (index,) = ctx.saved_tensors
        out = grad.new_zeros(ctx.shape).flatten(2)
        return out.scatter(2, index.flatten(2), grad.flatten(2)).view(ctx.shape), None


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1):
    kh, kw = pair(kernel_size)
    sh, sw = pair(kernel_size if stride is None else stride)
    ph, pw = pair(padding)
    dh, dw = pair(dilation)
    x = F.pad(x, (pw, pw, ph, ph), value=float("-inf"))
    cells = torch.arange(x.shape[2] * x.shape[3], device=x.device).view(x.shape[2:])
    cells = cells.unfold(0, dh * (kh - 1) + 1, sh).unfold(1, dw * (kw - 1) + 1, sw)[..., ::dh, ::dw].flatten(-2)
    windows = x.unfold(2, dh * (kh - 1) + 1, sh).unfold(3, dw * (kw - 1) + 1, sw)
    best = windows[..., ::dh, ::dw].flatten(-2).argmax(-1, keepdim=True)
    index = cells.expand(*windows.shape[:2], *cells.shape).gather(-1, best).squeeze(-1)
    return Pick.apply(x, index)
