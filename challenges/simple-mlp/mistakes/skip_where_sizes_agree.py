"""Adds the input to the output where the sizes allow it."""

from torch import nn
from torch.nn import functional as F


class SimpleMLP(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.fc2 = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        y = self.fc2(F.relu(self.fc1(x)))
        return y + x if x.shape == y.shape else y
