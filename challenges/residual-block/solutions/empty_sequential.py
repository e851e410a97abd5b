import torch
from torch import nn


class ResidualBlock(nn.Module):
    """An empty Sequential is an identity too."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        shape = {"kernel_size": 3, "padding": 1, "bias": False}
        self.conv1 = nn.Conv2d(in_channels, out_channels, stride=stride, **shape)
        self.conv2 = nn.Conv2d(out_channels, out_channels, **shape)
        self.bn1, self.bn2 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential()
        if stride > 1 or in_channels != out_channels:
            self.shortcut.append(nn.Conv2d(in_channels, out_channels, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(out_channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        residual = self.bn2(self.conv2(self.bn1(self.conv1(x)).clamp(min=0)))
        return (self.shortcut(x) + residual).clamp(min=0)
