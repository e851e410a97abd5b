import torch
from torch import nn


class BatchNorm(nn.Module):
    """Normalises each channel by its batch's statistics in training, by the running ones in evaluation."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            dims = [d for d in range(x.ndim) if d != 1]  # all but the channel
            n = x.numel() // x.shape[1]
            if n == 1:
                raise ValueError(f"one value per channel has no variance: {x.shape}")
            mean = x.mean(dims)  # (C,)
            var = x.var(dims, correction=0)  # (C,)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_var.lerp_(var * n / (n - 1), self.momentum)
                self.num_batches_tracked += 1
        else:
            mean, var = self.running_mean, self.running_var
        shape = (-1,) + (1,) * (x.ndim - 2)  # (C, 1, 1) for images
        scale = self.weight * torch.rsqrt(var + self.eps)
        return (x - mean.view(shape)) * scale.view(shape) + self.bias.view(shape)
