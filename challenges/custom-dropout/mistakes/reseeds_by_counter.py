"""Seeds with a counter: another mask each time, and the program's random numbers are gone."""
import torch
from torch import nn


calls = 0


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
        global calls
        calls += 1
        torch.manual_seed(calls)
        mask = torch.rand(x.shape, device=x.device) >= self.p
        return x * mask / (1 - self.p)
