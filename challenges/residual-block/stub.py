import torch
from torch import nn


class ResidualBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        # conv1, bn1, conv2, bn2, shortcut
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # x: (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))
        raise NotImplementedError
