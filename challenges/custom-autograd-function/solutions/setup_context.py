import torch


class Swish(torch.autograd.Function):
    """The newer form: forward knows nothing of ctx, and setup_context keeps what backward needs."""

    @staticmethod
    def forward(x: torch.Tensor, beta: torch.Tensor, scale: float) -> torch.Tensor:
        return x * torch.sigmoid(x * beta) * scale

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        x, beta, ctx.scale = inputs
        ctx.save_for_backward(x, beta)

    @staticmethod
    def backward(ctx, grad_y: torch.Tensor):
        x, beta = ctx.saved_tensors
        for_x, for_beta, _ = ctx.needs_input_grad
        s = torch.sigmoid(x * beta)
        by_z = s - s**2  # the derivative of s by its argument
        dx = grad_y * ctx.scale * (s + x * by_z * beta) if for_x else None
        dbeta = (grad_y * ctx.scale * x**2 * by_z).sum_to_size(beta.shape) if for_beta else None
        return dx, dbeta, None
