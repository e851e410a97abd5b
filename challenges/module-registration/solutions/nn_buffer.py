import torch
from torch import nn
from torch.nn import functional as F


class _Standardize(nn.Module):
    """A submodule without a state of its own: the buffers stay where their names are to be."""

    def forward(self, x, mean, std, bounds):
        return torch.clamp((x - mean) / std, min=bounds[0], max=bounds[1])


class StandardizedMLP(nn.Module):
    """nn.Buffer registers by assignment, as nn.Parameter does (torch 2.5)."""

    def __init__(self, sizes, mean, std):
        super().__init__()
        self._standardize = _Standardize()
        self.layers = nn.ModuleList()
        for index in range(len(sizes) - 1):
            self.layers.append(nn.Linear(sizes[index], sizes[index + 1]))
        self.scale = nn.Parameter(torch.ones(sizes[-1]))
        buffer = getattr(nn, "Buffer", None)
        if buffer is None:
            self.register_buffer("mean", torch.clone(mean))
            self.register_buffer("std", torch.clone(std))
            self.register_buffer("bounds", torch.tensor([-3.0, 3.0]), persistent=False)
        else:
            self.mean, self.std = buffer(mean.clone()), buffer(std.clone())
            self.bounds = buffer(torch.tensor([-3.0, 3.0]), persistent=False)

    def forward(self, x):
        x = self._standardize(x, self.mean, self.std, self.bounds)
        for index, layer in enumerate(self.layers, start=1):
            x = layer(x)
            if index < len(self.layers):
                x = F.relu(x)
        return self.scale * x
