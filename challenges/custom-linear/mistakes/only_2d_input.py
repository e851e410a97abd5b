"""Flattens everything before the last dimension and forgets to put it back."""
import torch
from torch import nn


class MyLinear(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) * 0.01)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x):
        return x.reshape(-1, x.shape[-1]) @ self.weight.t() + self.bias
