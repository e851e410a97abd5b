"""Always computes both."""
import torch


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, beta, scale):
        ctx.save_for_backward(x, beta)
        ctx.scale = scale
        return scale * x * torch.sigmoid(beta * x)

    @staticmethod
    def backward(ctx, grad_y):
        x, beta = ctx.saved_tensors
        s = torch.sigmoid(beta * x)
        ds = s * (1 - s)
        g = ctx.scale * grad_y
        grad_x = g * (s + beta * x * ds)
        grad_beta = (g * x.square() * ds).reshape(-1, len(beta)).sum(0)
        return grad_x, grad_beta, None
