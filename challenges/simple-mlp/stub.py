import torch
from torch import nn


class SimpleMLP(nn.Module):
    def __init__(self, input_size: int, hidden_size: int, output_size: int):
        super().__init__()
        # fc1: input_size -> hidden_size, fc2: hidden_size -> output_size
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # x: (..., input_size) -> (..., output_size)
        raise NotImplementedError
