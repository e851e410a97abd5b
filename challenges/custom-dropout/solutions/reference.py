import torch
from torch import nn


class Dropout(nn.Module):
    """Inverted dropout: the survivors are scaled while training, so that evaluation is the identity."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p should be between 0 and 1, got {p}")
        self.p = p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return x
        if self.p == 1:  # 1 / (1 - p) would be infinite, and 0 * inf is NaN
            return x * 0
        keep = torch.rand(x.shape, device=x.device) >= self.p  # (*), one draw for each element
        return x * keep / (1 - self.p)
