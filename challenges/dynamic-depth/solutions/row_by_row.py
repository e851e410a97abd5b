import torch
from torch import nn


class DynamicDepth(nn.Module):
    """Plain Python control flow for each row; autograd records whatever ran."""

    def __init__(self, dim, max_steps, threshold=0.5):
        super().__init__()
        self.cell = nn.Linear(dim, dim)
        self.halt = nn.Linear(dim, 1)
        self.max_steps = max_steps
        self.threshold = threshold

    def one(self, h):
        for step in range(self.max_steps):
            if torch.sigmoid(self.halt(h)).item() >= self.threshold:
                return h, step
            h = h + torch.tanh(self.cell(h))
        return h, self.max_steps

    def forward(self, x):
        rows, steps = zip(*(self.one(row) for row in x))
        return torch.stack(rows), torch.tensor(steps, device=x.device)
