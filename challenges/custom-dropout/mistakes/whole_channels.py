"""Drops channels: that is Dropout2d."""
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"p should be between 0 and 1, got {p}")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return torch.zeros_like(x)
        mask = torch.rand(*x.shape[:2], *[1] * (x.ndim - 2), device=x.device) >= self.p
        return x * mask / (1 - self.p)
