"""Multiplies zero by an infinite scale."""
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
        mask = torch.rand(x.shape, device=x.device) >= self.p
        scale = 1 / torch.tensor(1.0 - self.p)
        return x * (mask * scale).to(x.dtype)
