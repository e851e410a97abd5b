import math

import torch
import torch.nn.functional as F
from torch import nn


class _Norm(nn.Module):
    def __init__(self, gamma, beta, mean, variance):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(gamma), nn.Parameter(beta)
        self.register_buffer("running_mean", mean)
        self.register_buffer("running_var", variance)

    def forward(self, x):
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.gamma, self.beta, self.training, 0.01, 1e-3
        )


class _Port(nn.Module):
    """Keeps every array in Keras's own layout, and permutes on the way."""

    def __init__(self, t):
        super().__init__()
        self.kernels = nn.ParameterDict({n: t[f"{n}/kernel"] for n in ("conv1", "conv2", "dense")})
        self.biases = nn.ParameterDict({n: t[f"{n}/bias"] for n in ("conv1", "conv2", "dense")})
        self.bn = _Norm(t["bn/gamma"], t["bn/beta"], t["bn/moving_mean"], t["bn/moving_variance"])

    def _conv(self, x, name, stride):
        kernel = self.kernels[name]
        for axis in (2, 3):
            n, k = x.shape[axis], kernel.shape[axis - 2]
            missing = max((math.ceil(n / stride) - 1) * stride + k - n, 0)
            before = missing // 2
            sides = [before, missing - before]
            x = F.pad(x, [0, 0, *sides] if axis == 2 else sides)
        return F.conv2d(x, torch.einsum("hwio->oihw", kernel), self.biases[name], stride)

    def forward(self, x):
        x = torch.relu(self.bn(self._conv(x, "conv1", 2)))
        x = torch.relu(self._conv(x, "conv2", 1))
        x = F.max_pool2d(x, kernel_size=2, stride=2)
        return x.movedim(1, -1).reshape(len(x), -1) @ self.kernels["dense"] + self.biases["dense"]


def port(weights, input_shape):
    return _Port({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
