import torch


class _Softmax(torch.autograd.Function):
    """Keeps only the result for the backward pass: dL/dx = p * (g - sum(g * p))."""

    @staticmethod
    def forward(ctx, x, dim):
        e = torch.exp(x - torch.amax(x, dim=dim, keepdim=True))
        p = e.div_(e.sum(dim, keepdim=True))
        ctx.save_for_backward(p)
        ctx.dim = dim
        return p

    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        return p * (g - (g * p).sum(ctx.dim, keepdim=True)), None


def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    return _Softmax.apply(x, dim)
