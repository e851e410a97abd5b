import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """Asks the layers for their output size instead of working it out by hand."""

    def __init__(self, channels: int, height: int, width: int, hidden: int, classes: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, hidden, 3, stride=2, padding=1)
        self.gate = nn.Linear(hidden, hidden)
        self.pool = nn.MaxPool2d(kernel_size=2)
        with torch.no_grad():
            features = self.pool(self.conv(torch.zeros(1, channels, height, width))).numel()
        self.head = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(x.movedim(-1, 1)).relu()  # (B, hidden, H', W')
        mean = maps.mean(dim=(-2, -1))  # (B, hidden)
        gate = self.gate(mean).sigmoid().unsqueeze(-1).unsqueeze(-1)  # (B, hidden, 1, 1)
        pooled = self.pool(maps * gate)
        return self.head(pooled.reshape(x.shape[0], -1))
