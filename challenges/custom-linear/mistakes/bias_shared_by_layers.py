"""Keeps one bias for all layers of a width, in a table on the class."""

import torch
from torch import nn


class MyLinear(nn.Module):
    biases = {}

    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = self.biases.setdefault(out_features, nn.Parameter(torch.zeros(out_features)))

    def forward(self, x):
        return x @ self.weight.T + self.bias
