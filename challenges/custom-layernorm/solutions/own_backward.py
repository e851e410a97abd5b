import torch


class _LayerNorm(torch.autograd.Function):
    """The backward pass by hand: what is left of the gradient once mean and scale are projected out."""

    @staticmethod
    def forward(ctx, x, weight, bias, eps):
        dims = tuple(range(x.ndim - weight.ndim, x.ndim))
        mean = x.mean(dims, keepdim=True)
        rstd = torch.rsqrt(x.var(dims, unbiased=False, keepdim=True) + eps)
        normal = (x - mean) * rstd
        ctx.save_for_backward(normal, rstd, weight)
        ctx.dims = dims
        return normal * weight + bias

    @staticmethod
    def backward(ctx, grad):
        normal, rstd, weight = ctx.saved_tensors
        scaled = grad * weight
        inner = scaled - scaled.mean(ctx.dims, keepdim=True)
        inner = inner - normal * (scaled * normal).mean(ctx.dims, keepdim=True)
        over = tuple(range(grad.ndim - weight.ndim))  # the dimensions that weight does not have
        if over:
            return inner * rstd, (grad * normal).sum(over), grad.sum(over), None
        return inner * rstd, grad * normal, grad, None


def layer_norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    return _LayerNorm.apply(x, weight, bias, eps)
