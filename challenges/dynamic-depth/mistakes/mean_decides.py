"""Takes one decision for the batch."""
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
            if torch.sigmoid(self.halt(h)).mean() >= self.threshold:
                break
            h = h + torch.tanh(self.cell(h))
            steps = steps + 1
        return h, steps
