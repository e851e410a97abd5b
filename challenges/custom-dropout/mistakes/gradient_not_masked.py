"""Changes the values through .data, so that autograd never sees the mask."""
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
        mask = torch.rand(x.shape, device=x.device) >= self.p
        y = x / (1 - self.p)
        y.data *= mask
        return y
