"""Makes int16 of the integers before it limits them, so that large ones wrap around."""

import torch


def straight_through(value: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """The value of the one with the gradient of the other."""
    return gradient + (value - gradient).detach()


def ste_round(x: torch.Tensor) -> torch.Tensor:
    return straight_through(torch.round(x), x)


def ste_sign(x: torch.Tensor) -> torch.Tensor:
    sign = (x >= 0) * 2 - 1  # integers; the sum below has the dtype of x
    return straight_through(sign, x.clamp(-1, 1))  # clamp passes the gradient within its limits


def fake_quantize(x: torch.Tensor, scale: float, bits: int = 8) -> torch.Tensor:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    q = torch.round(x / scale).to(torch.int16)
    inside = (low <= q) & (q <= high)
    return straight_through(q.clamp(low, high) * scale, x * inside)


def hard_softmax(logits: torch.Tensor, dim: int = -1) -> torch.Tensor:
    soft = logits.softmax(dim)
    largest = logits.argmax(dim, keepdim=True)
    hard = torch.zeros_like(soft).scatter(dim, largest, 1.0)
    return straight_through(hard, soft)
