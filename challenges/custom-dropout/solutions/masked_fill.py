import torch
from torch import nn


def dropout(x: torch.Tensor, p: float, training: bool) -> torch.Tensor:
    """As a function: `where` gives the dropped elements a constant, so nothing flows back through them."""
    if not training:
        return x.clone()
    dropped = torch.rand_like(x, dtype=torch.float32) < p
    scale = 1 / (1 - p) if p < 1 else 1.0  # at p = 1 nothing survives to be scaled
    return torch.where(dropped, torch.zeros_like(x), x * scale)


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p should be between 0 and 1, got {p}")
        self._p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return dropout(x, self._p, self.training)
