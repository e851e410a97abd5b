import torch
from torch import nn


class Dropout(nn.Module):
    """The mask carries the scale, in the dtype of the input: one multiplication, and its own backward pass."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"p should be between 0 and 1, got {p}")
        self.keep = 1 - p

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.keep == 1:
            return x
        mask = torch.empty_like(x, requires_grad=False).bernoulli_(self.keep)
        if self.keep > 0:
            mask.div_(self.keep)
        return x * mask

    def extra_repr(self) -> str:
        return f"p={1 - self.keep}"
