"""Flattens with view, which only contiguous memory allows."""

import torch
from torch import nn


class MyLinear(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        rows = x.view(-1, self.weight.shape[1])
        return (rows @ self.weight.T + self.bias).view(*x.shape[:-1], self.weight.shape[0])
