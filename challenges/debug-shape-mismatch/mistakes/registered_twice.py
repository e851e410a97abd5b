"""Registers conv a second time, inside a Sequential."""
import torch
from torch import Tensor, nn


class Classifier(nn.Module):
    """Images as (B, H, W, C), the way numpy keeps them, to logits (B, classes)."""

    def __init__(self, channels: int, height: int, width: int, hidden: int, classes: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, hidden, kernel_size=3, stride=2, padding=1)
        self.stem = nn.Sequential(self.conv, nn.ReLU())
        self.gate = nn.Linear(hidden, hidden)
        self.pool = nn.MaxPool2d(2)
        rows, columns = (height + 1) // 2 // 2, (width + 1) // 2 // 2
        self.head = nn.Linear(hidden * rows * columns, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 3, 1, 2)  # (B, C, H, W)
        x = torch.relu(self.conv(x))  # (B, hidden, H', W')
        gate = torch.sigmoid(self.gate(x.mean(dim=(2, 3))))  # (B, hidden)
        x = x * gate[:, :, None, None]  # one factor for each channel of each image
        x = self.pool(x)  # (B, hidden, H'', W'')
        x = x.flatten(start_dim=1)  # (B, hidden * H'' * W'')
        return self.head(x)  # (B, classes)
