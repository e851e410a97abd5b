"""Picks exactly p * n elements."""
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
        count = round(self.p * x.numel())
        mask = (torch.randperm(x.numel(), device=x.device) >= count).reshape(x.shape)
        return x * mask / (1 - self.p)
