import torch
from torch import Tensor


def masked_scan(
    x: Tensor, weight: Tensor, bias: Tensor, decay: Tensor, mask: Tensor, threshold: float = 0.1
) -> Tensor:
    """The stub with four lines changed; each state is copied before it is used, so that h may be written to."""
    x = x - x.mean(dim=1, keepdim=True)
    u = torch.tanh(x @ weight.T + bias)  # (B, T, D)
    u = torch.where(u.abs() < threshold, 0.0, u)
    u = u * mask.unsqueeze(-1)
    h = torch.zeros_like(u)  # (B, T, D)
    h[:, 0] = u[:, 0]
    for t in range(1, u.shape[1]):
        h[:, t] = decay * h[:, t - 1].clone() + u[:, t]
    return h
