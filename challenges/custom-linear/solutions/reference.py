import math

import torch
from torch import nn


class MyLinear(nn.Module):
    """y = x @ W.T + b over the last dimension of x."""

    def __init__(self, in_features: int, out_features: int):
        super().__init__()
        # U(-1/sqrt(in), 1/sqrt(in)) keeps the output's scale independent of in_features.
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight.T + self.bias  # (..., in) @ (in, out) + (out,) -> (..., out)
