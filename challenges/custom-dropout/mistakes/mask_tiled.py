"""Repeats the mask of half a batch."""
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
        half = torch.rand((x.shape[0] + 1) // 2, *x.shape[1:], device=x.device) >= self.p
        mask = torch.cat([half, half])[: x.shape[0]]
        return x * mask / (1 - self.p)
