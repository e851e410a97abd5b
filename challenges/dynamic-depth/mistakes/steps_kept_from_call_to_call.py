"""Counts in the module, and starts at 0 only when the batch has another size."""
import torch
from torch import Tensor, nn


class DynamicDepth(nn.Module):
    def __init__(self, dim: int, max_steps: int, threshold: float = 0.5):
        super().__init__()
        self.cell = nn.Linear(dim, dim)
        self.halt = nn.Linear(dim, 1)
        self.max_steps = max_steps
        self.threshold = threshold
        self.steps = torch.zeros(0, dtype=torch.int64)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = x
        if len(self.steps) != len(x):
            self.steps = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        running = torch.ones(len(x), dtype=torch.bool, device=x.device)
        for _ in range(self.max_steps):
            running = running & (torch.sigmoid(self.halt(h)[:, 0]) < self.threshold)
            if not running.any():
                break
            h = torch.where(running[:, None], h + torch.tanh(self.cell(h)), h)
            self.steps = self.steps + running
        return h, self.steps
