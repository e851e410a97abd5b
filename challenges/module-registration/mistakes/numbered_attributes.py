"""Names each layer by an attribute, which saves other keys."""
import torch
from torch import nn


class StandardizedMLP(nn.Module):
    def __init__(self, sizes, mean, std):
        super().__init__()
        self.depth = len(sizes) - 1
        for i in range(self.depth):
            setattr(self, f"layer{i}", nn.Linear(sizes[i], sizes[i + 1]))
        self.scale = nn.Parameter(torch.ones(sizes[-1]))
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())
        self.register_buffer("bounds", torch.tensor([-3.0, 3.0]), persistent=False)

    def forward(self, x):
        x = (x - self.mean) / self.std
        x = x.clamp(self.bounds[0], self.bounds[1])
        for i, layer in enumerate(getattr(self, f"layer{i}") for i in range(self.depth)):
            x = layer(x)
            if i < self.depth - 1:
                x = torch.relu(x)
        return x * self.scale
