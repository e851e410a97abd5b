"""Sums over a view, which a permuted input does not allow."""

import torch


class Swish(torch.autograd.Function):
    """y = scale * x * s(beta * x); backward computes from inputs alone, so it can be differentiated again."""

    @staticmethod
    def forward(ctx, x: torch.Tensor, beta: torch.Tensor, scale: float) -> torch.Tensor:
        ctx.save_for_backward(x, beta)
        ctx.scale = scale  # a Python number has no version to watch
        return scale * x * torch.sigmoid(beta * x)

    @staticmethod
    def backward(ctx, grad_y: torch.Tensor):
        x, beta = ctx.saved_tensors
        s = torch.sigmoid(beta * x)  # (..., C)
        ds = s * (1 - s)
        g = ctx.scale * grad_y
        grad_x = grad_beta = None
        if ctx.needs_input_grad[0]:
            grad_x = g * (s + beta * x * ds)
        if ctx.needs_input_grad[1]:
            grad_beta = (g * x.square() * ds).view(-1, len(beta)).sum(0)  # undo the broadcast: (..., C) -> (C,)
        return grad_x, grad_beta, None
