from collections.abc import Sequence

import torch
from torch import nn


class StandardizedMLP(nn.Module):
    def __init__(self, sizes: Sequence[int], mean: torch.Tensor, std: torch.Tensor):
        super().__init__()
        # layers, scale: trained and saved; mean, std: saved, not trained; bounds: neither, but it moves
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # x: (..., sizes[0]) -> (..., sizes[-1])
        raise NotImplementedError
