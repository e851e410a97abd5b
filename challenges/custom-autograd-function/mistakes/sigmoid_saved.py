"""Saves the sigmoid that forward computed: fast, and a constant for the second derivative."""
import torch


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, beta, scale):
        s = torch.sigmoid(beta * x)
        ctx.save_for_backward(x, beta, s)
        ctx.scale = scale
        return scale * x * s

    @staticmethod
    def backward(ctx, grad_y):
        x, beta, s = ctx.saved_tensors
        ds = s * (1 - s)
        g = ctx.scale * grad_y
        grad_x = grad_beta = None
        if ctx.needs_input_grad[0]:
            grad_x = g * (s + beta * x * ds)
        if ctx.needs_input_grad[1]:
            grad_beta = (g * x.square() * ds).reshape(-1, len(beta)).sum(0)
        return grad_x, grad_beta, None
