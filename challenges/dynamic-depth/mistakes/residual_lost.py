"""Replaces h instead of adding to it."""
import torch
from torch import Tensor, nn


class DynamicDepth(nn.Module):
    """Applies one residual cell to each row until the row says stop."""

    def __init__(self, dim: int, max_steps: int, threshold: float = 0.5):
        super().__init__()
        self.cell = nn.Linear(dim, dim)
        self.halt = nn.Linear(dim, 1)
        self.max_steps, self.threshold = max_steps, threshold

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = x  # (B, dim)
        steps = torch.zeros(x.shape[0], dtype=torch.int64, device=x.device)  # (B,)
        for _ in range(self.max_steps):
            active = torch.sigmoid(self.halt(h)).squeeze(-1) < self.threshold  # (B,)
            if not active.any():
                break
            rows = h[active]  # (A, dim)
            h = h.index_put((active,), torch.tanh(self.cell(rows)))
            steps = steps + active
        return h, steps
