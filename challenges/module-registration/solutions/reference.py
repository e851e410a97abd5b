from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


class StandardizedMLP(nn.Module):
    """Parameters for what is trained, buffers for what only travels along."""

    def __init__(self, sizes: Sequence[int], mean: torch.Tensor, std: torch.Tensor):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(sizes))
        self.scale = nn.Parameter(torch.ones(sizes[-1]))
        self.register_buffer("mean", mean.clone())  # load_state_dict copies into a buffer, in place
        self.register_buffer("std", std.clone())
        self.register_buffer("bounds", torch.tensor([-3.0, 3.0]), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low, high = self.bounds
        x = ((x - self.mean) / self.std).clamp(low, high)  # (..., sizes[0])
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x) * self.scale  # (..., sizes[-1])
