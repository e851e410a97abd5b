import torch
from torch import nn
from torch.nn import functional as F


def halved(size):
    """The size after kernel 3, stride 2, padding 1."""
    return (size + 2 - 3) // 2 + 1


class Classifier(nn.Module):
    """Every axis by its name: the gate is a product over b and c, so it cannot meet another axis."""

    def __init__(self, channels, height, width, hidden, classes):
        super().__init__()
        self.conv = nn.Conv2d(channels, hidden, kernel_size=3, stride=2, padding=1)
        self.gate = nn.Linear(hidden, hidden)
        self.head = nn.Linear(hidden * (halved(height) // 2) * (halved(width) // 2), classes)

    def forward(self, x):
        x = F.relu(self.conv(torch.einsum("bhwc->bchw", x).contiguous()))
        gate = torch.sigmoid(self.gate(x.flatten(2).mean(-1)))
        x = torch.einsum("bchw,bc->bchw", x, gate)
        x = F.max_pool2d(x, 2).contiguous()
        return self.head(x.view(len(x), -1))
