"""Keeps the layers in a plain list."""
import torch
from torch import nn


class SimpleMLP(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.layers = [nn.Linear(input_size, hidden_size), nn.Linear(hidden_size, output_size)]

    def forward(self, x):
        return self.layers[1](torch.relu(self.layers[0](x)))
