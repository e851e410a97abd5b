import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class SameConv2d(nn.Conv2d):
    """Conv2D with Keras's padding="same": uneven where the total is odd, the larger half after."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pad: list[int] = []
        s, _ = self.stride  # the same along both axes
        for axis in (3, 2):  # F.pad starts with the last dimension
            n, k = x.shape[axis], self.kernel_size[axis - 2]
            total = max((-(-n // s) - 1) * s + k - n, 0)
            pad += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pad))


class Ported(nn.Module):
    def __init__(self, c: int, k1: tuple, f1: int, k2: tuple, f2: int, features: int, units: int):
        super().__init__()
        self.conv1 = SameConv2d(c, f1, k1, stride=2)
        self.bn = nn.BatchNorm2d(f1, eps=1e-3, momentum=0.01)  # torch's is the new value's weight
        self.conv2 = SameConv2d(f1, f2, k2)
        self.dense = nn.Linear(features, units)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn(self.conv1(x)))  # (N, f1, H/2, W/2)
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = x.permute(0, 2, 3, 1).flatten(1)  # Keras flattens (H, W, C)
        return self.dense(x)


def port(weights: dict[str, np.ndarray], input_shape: tuple[int, int, int]) -> nn.Module:
    w = {name: torch.tensor(value) for name, value in weights.items()}  # copies
    kh1, kw1, c, f1 = w["conv1/kernel"].shape
    kh2, kw2, _, f2 = w["conv2/kernel"].shape
    model = Ported(c, (kh1, kw1), f1, (kh2, kw2), f2, *w["dense/kernel"].shape)
    state = {
        "conv1.weight": w["conv1/kernel"].permute(3, 2, 0, 1),  # (kh, kw, in, out) -> OIHW
        "conv1.bias": w["conv1/bias"],
        "bn.weight": w["bn/gamma"],
        "bn.bias": w["bn/beta"],
        "bn.running_mean": w["bn/moving_mean"],
        "bn.running_var": w["bn/moving_variance"],
        "conv2.weight": w["conv2/kernel"].permute(3, 2, 0, 1),
        "conv2.bias": w["conv2/bias"],
        "dense.weight": w["dense/kernel"].T,
        "dense.bias": w["dense/bias"],
    }
    model.load_state_dict(state)
    return model
