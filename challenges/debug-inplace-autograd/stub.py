import torch
from torch import Tensor

# The values are right. Training with it fails, or goes wrong without a word, and the caller's data change.
# It has several bugs, all of them writes in place: find and repair them.


def masked_scan(
    x: Tensor, weight: Tensor, bias: Tensor, decay: Tensor, mask: Tensor, threshold: float = 0.1
) -> Tensor:
    """x: (B, T, D), weight: (D, D), bias and decay: (D,), mask: (B, T) of zeros and ones -> (B, T, D)."""
    x -= x.mean(dim=1, keepdim=True)
    u = torch.tanh(x @ weight.T + bias)  # (B, T, D)
    u.data[u.abs() < threshold] = 0.0
    u *= mask.unsqueeze(-1)  # (B, T, D) * (B, T, 1)
    h = torch.zeros_like(u)  # (B, T, D)
    h[:, 0] = u[:, 0]
    for t in range(1, u.shape[1]):
        h[:, t] = decay * h[:, t - 1] + u[:, t]
    return h
