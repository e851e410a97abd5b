"""Adds eps to the variance once and for all, so that the running variance carries it too."""

import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x):
        dims = [d for d in range(x.ndim) if d != 1]
        column = (1, -1) + (1,) * (x.ndim - 2)
        if self.training:
            n = x.numel() // x.shape[1]
            if n < 2:
                raise ValueError("one value per channel has no variance")
            var, mean = torch.var_mean(x, dims, correction=0)
            var = var + self.eps
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
                self.num_batches_tracked += 1
        else:
            mean, var = self.running_mean, self.running_var + self.eps
        y = (x - mean.view(column)) / torch.sqrt(var).view(column)
        return y * self.weight.view(column) + self.bias.view(column)
