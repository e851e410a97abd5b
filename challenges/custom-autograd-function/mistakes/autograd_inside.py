"""Lets autograd differentiate inside backward."""
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
        grad_x = grad_beta = None
        if ctx.needs_input_grad[0]:
            with torch.enable_grad():
                leaf = x.detach().requires_grad_()
                grad_x = torch.autograd.grad(leaf * torch.sigmoid(beta * leaf), leaf, g)[0]
        if ctx.needs_input_grad[1]:
            grad_beta = (g * x.square() * ds).reshape(-1, len(beta)).sum(0)
        return grad_x, grad_beta, None
