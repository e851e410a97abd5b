import torch
from torch.autograd import Function


class Masked(Function):
    """A value that was computed elsewhere; the gradient passes where the mask says so."""

    @staticmethod
    def forward(ctx, x, value, mask):
        ctx.save_for_backward(mask)
        return value.clone()

    @staticmethod
    def backward(ctx, grad):
        (mask,) = ctx.saved_tensors
        return grad.masked_fill(~mask, 0), None, None


def ste_round(x: torch.Tensor) -> torch.Tensor:
    return Masked.apply(x, x.detach().round(), torch.ones_like(x, dtype=torch.bool))


def ste_sign(x: torch.Tensor) -> torch.Tensor:
    one = torch.ones_like(x)
    return Masked.apply(x, torch.where(x < 0, -one, one), x.abs() <= 1)


def fake_quantize(x: torch.Tensor, scale: float, bits: int = 8) -> torch.Tensor:
    half = 2 ** (bits - 1)
    q = x.detach().div(scale).round()
    kept = q.clamp(min=-half, max=half - 1)
    return Masked.apply(x, kept * scale, kept == q)


class HardSoftmax(Function):
    @staticmethod
    def forward(ctx, logits, dim):
        ctx.save_for_backward(logits.softmax(dim))
        ctx.dim = dim
        index = logits.max(dim, keepdim=True).indices
        return torch.zeros_like(logits).scatter_(dim, index, 1)

    @staticmethod
    def backward(ctx, grad):
        (p,) = ctx.saved_tensors
        return p * (grad - (grad * p).sum(ctx.dim, keepdim=True)), None


def hard_softmax(logits: torch.Tensor, dim: int = -1) -> torch.Tensor:
    return HardSoftmax.apply(logits, dim)
