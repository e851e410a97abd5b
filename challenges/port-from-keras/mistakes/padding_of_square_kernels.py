"""The padding takes the kernel for square."""

import math
import torch
import torch.nn.functional as F
from torch import nn


def pads(n, k, s):
    total = max((math.ceil(n / s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


class Net(nn.Module):
    def __init__(self, w, input_shape):
        super().__init__()
        h, wd, c = input_shape
        k1, k2, d = w["conv1/kernel"], w["conv2/kernel"], w["dense/kernel"]
        t, b = pads(h, k1.shape[0], 2)
        l, r = pads(wd, k1.shape[0], 2)
        self.pad1 = (l, r, t, b)
        h1, w1 = math.ceil(h / 2), math.ceil(wd / 2)
        t, b = pads(h1, k2.shape[0], 1)
        l, r = pads(w1, k2.shape[1], 1)
        self.pad2 = (l, r, t, b)
        self.conv1 = nn.Conv2d(c, k1.shape[3], k1.shape[:2], stride=2)
        self.bn = nn.BatchNorm2d(k1.shape[3], eps=1e-3, momentum=0.01)
        self.conv2 = nn.Conv2d(k2.shape[2], k2.shape[3], k2.shape[:2])
        self.dense = nn.Linear(*d.shape)
        with torch.no_grad():
            self.conv1.weight.copy_(torch.from_numpy(k1).permute(3, 2, 0, 1))
            self.conv1.bias.copy_(torch.from_numpy(w["conv1/bias"]))
            self.bn.weight.copy_(torch.from_numpy(w["bn/gamma"]))
            self.bn.bias.copy_(torch.from_numpy(w["bn/beta"]))
            self.bn.running_mean.copy_(torch.from_numpy(w["bn/moving_mean"]))
            self.bn.running_var.copy_(torch.from_numpy(w["bn/moving_variance"]))
            self.conv2.weight.copy_(torch.from_numpy(k2).permute(3, 2, 0, 1))
            self.conv2.bias.copy_(torch.from_numpy(w["conv2/bias"]))
            self.dense.weight.copy_(torch.from_numpy(d).T)
            self.dense.bias.copy_(torch.from_numpy(w["dense/bias"]))

    def forward(self, x):
        x = self.conv1(F.pad(x, self.pad1))
        x = torch.relu(self.bn(x))
        x = torch.relu(self.conv2(F.pad(x, self.pad2)))
        x = F.max_pool2d(x, 2)
        x = x.permute(0, 2, 3, 1).flatten(1)
        return self.dense(x)


def port(weights, input_shape):
    return Net(weights, input_shape)
