"""Drops a value of just the threshold too."""
import torch
from torch import Tensor


def masked_scan(
    x: Tensor, weight: Tensor, bias: Tensor, decay: Tensor, mask: Tensor, threshold: float = 0.1
) -> Tensor:
    """x: (B, T, D), weight: (D, D), bias and decay: (D,), mask: (B, T) of zeros and ones -> (B, T, D)."""
    x = x - x.mean(dim=1, keepdim=True)
    u = torch.tanh(x @ weight.T + bias)  # (B, T, D)
    u = u.masked_fill(u.abs() <= threshold, 0.0)
    u = u * mask.unsqueeze(-1)  # (B, T, D) * (B, T, 1)
    h = torch.zeros_like(u[:, 0])  # (B, D)
    states = []
    for t in range(u.shape[1]):
        h = decay * h + u[:, t]
        states.append(h)
    return torch.stack(states, dim=1)  # (B, T, D)
