"""Flattens with view, which only contiguous memory allows."""

import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p should be between 0 and 1, got {p}")
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        if self.p == 1:
            return x * 0
        flat = x.view(-1)
        keep = torch.rand(flat.shape, device=x.device) >= self.p
        return (flat * keep / (1 - self.p)).view(x.shape)
