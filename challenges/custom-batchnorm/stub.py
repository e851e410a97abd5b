import torch
from torch import nn


class BatchNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        # parameters: weight, bias; buffers: running_mean, running_var, num_batches_tracked
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # x: (N, C) or (N, C, ...) -> like x
        raise NotImplementedError
