"""Keeps the main branch in a Python list."""
import torch
from torch import nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        bn1 = nn.BatchNorm2d(out_channels)
        conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        bn2 = nn.BatchNorm2d(out_channels)
        self.branch = [conv1, bn1, nn.ReLU(), conv2, bn2]
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x):
        out = x
        for layer in self.branch:
            out = layer(out)
        return F.relu(out + self.shortcut(x))
