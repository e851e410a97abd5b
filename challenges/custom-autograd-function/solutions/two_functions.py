import torch


class SwishGrad(torch.autograd.Function):
    """The first derivative as a Function of its own: its backward is the double backward, by hand as well."""

    @staticmethod
    def forward(ctx, grad_y, x, beta, scale):
        s = torch.sigmoid(beta * x)
        ctx.save_for_backward(grad_y, x, beta, s)
        ctx.scale = scale
        ds = s * (1 - s)
        by_beta = grad_y * scale * x * x * ds
        return grad_y * scale * (s + beta * x * ds), by_beta.sum_to_size(beta.shape)

    @staticmethod
    def backward(ctx, u, v):  # u: (..., C), the gradient of the first output; v: (C,), of the second
        g, x, beta, s = ctx.saved_tensors
        d1 = s * (1 - s)
        d2 = d1 * (1 - 2 * s)
        d_x = s + beta * x * d1  # dy/dx
        d_beta = x * x * d1  # dy/dbeta
        d_xx = 2 * beta * d1 + beta**2 * x * d2
        d_xbeta = 2 * x * d1 + beta * x * x * d2
        d_betabeta = x**3 * d2
        c = ctx.scale
        by_g = c * (u * d_x + v * d_beta)
        by_x = c * g * (u * d_xx + v * d_xbeta)
        by_beta = c * g * (u * d_xbeta + v * d_betabeta)
        return by_g, by_x, by_beta.sum_to_size(beta.shape), None


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: torch.Tensor, beta: torch.Tensor, scale: float) -> torch.Tensor:
        ctx.save_for_backward(x, beta)
        ctx.scale = scale
        return scale * x * torch.sigmoid(beta * x)

    @staticmethod
    def backward(ctx, grad_y: torch.Tensor):
        x, beta = ctx.saved_tensors
        grads = SwishGrad.apply(grad_y, x, beta, ctx.scale)
        grad_x, grad_beta = (g if needed else None for g, needed in zip(grads, ctx.needs_input_grad, strict=False))
        return grad_x, grad_beta, None
