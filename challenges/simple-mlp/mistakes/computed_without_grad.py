"""Runs fc1 under no_grad."""
import torch
from torch import nn


class SimpleMLP(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        with torch.no_grad():
            out = self.relu(self.fc1(x))
        out = self.fc2(out)
        return out
