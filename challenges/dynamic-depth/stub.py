import torch
from torch import Tensor, nn


class DynamicDepth(nn.Module):
    def __init__(self, dim: int, max_steps: int, threshold: float = 0.5):
        super().__init__()
        # self.cell: Linear(dim, dim), self.halt: Linear(dim, 1)
        raise NotImplementedError

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # x: (B, dim) -> h: (B, dim), steps: (B,) of int64
        raise NotImplementedError
