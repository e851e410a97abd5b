import torch
from torch import nn


class BatchNorm(nn.Module):
    """With the channel moved to the end, everything of shape (C,) broadcasts by itself."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self._eps, self._momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.long))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.movedim(1, -1)  # (N, ..., C)
        mean, var = (
            self._statistics(rows) if self.training else (self.running_mean, self.running_var)
        )
        normal = (rows - mean) / torch.sqrt(var + self._eps)
        return (normal * self.weight + self.bias).movedim(-1, 1)

    def _statistics(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        flat = rows.reshape(-1, rows.shape[-1])  # (n, C)
        if len(flat) == 1:
            raise ValueError("training needs more than one value per channel")
        var, mean = torch.var_mean(flat, dim=0, correction=0)
        self._track(mean.detach(), flat.detach().var(dim=0))
        return mean, var

    def _track(self, mean: torch.Tensor, var: torch.Tensor) -> None:
        self.running_mean = (1 - self._momentum) * self.running_mean + self._momentum * mean
        self.running_var = (1 - self._momentum) * self.running_var + self._momentum * var
        self.num_batches_tracked += 1
