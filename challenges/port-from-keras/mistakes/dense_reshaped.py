"""Reshapes the dense kernel instead of transposing it."""

import torch
import torch.nn.functional as F
from torch import nn


def same(n, k, s):
    out = (n + s - 1) // s
    total = max((out - 1) * s + k - n, 0)
    return total // 2, total - total // 2


class Model(nn.Module):
    def __init__(self, w):
        super().__init__()
        kh1, kw1, c, f1 = w["conv1/kernel"].shape
        kh2, kw2, _, f2 = w["conv2/kernel"].shape
        self.k1, self.k2 = (kh1, kw1), (kh2, kw2)
        self.conv1 = nn.Conv2d(c, f1, self.k1, stride=2)
        self.bn = nn.BatchNorm2d(f1, eps=1e-3, momentum=0.01)
        self.conv2 = nn.Conv2d(f1, f2, self.k2)
        self.dense = nn.Linear(*w["dense/kernel"].shape)
        with torch.no_grad():
            self.conv1.weight.copy_(torch.tensor(w["conv1/kernel"].transpose(3, 2, 0, 1)))
            self.conv1.bias.copy_(torch.tensor(w["conv1/bias"]))
            self.bn.weight.copy_(torch.tensor(w["bn/gamma"]))
            self.bn.bias.copy_(torch.tensor(w["bn/beta"]))
            self.bn.running_mean.copy_(torch.tensor(w["bn/moving_mean"]))
            self.bn.running_var.copy_(torch.tensor(w["bn/moving_variance"]))
            self.conv2.weight.copy_(torch.tensor(w["conv2/kernel"].transpose(3, 2, 0, 1)))
            self.conv2.bias.copy_(torch.tensor(w["conv2/bias"]))
            self.dense.weight.copy_(
                torch.tensor(w["dense/kernel"]).reshape(self.dense.weight.shape)
            )
            self.dense.bias.copy_(torch.tensor(w["dense/bias"]))

    def forward(self, x):
        top, bottom = same(x.shape[2], self.k1[0], 2)
        left, right = same(x.shape[3], self.k1[1], 2)
        x = self.conv1(F.pad(x, (left, right, top, bottom)))
        x = self.bn(x)
        x = F.relu(x)
        top, bottom = same(x.shape[2], self.k2[0], 1)
        left, right = same(x.shape[3], self.k2[1], 1)
        x = self.conv2(F.pad(x, (left, right, top, bottom)))
        x = torch.relu(x)
        x = F.max_pool2d(x, 2)
        x = x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
        return self.dense(x)


def port(weights, input_shape):
    return Model(weights)
