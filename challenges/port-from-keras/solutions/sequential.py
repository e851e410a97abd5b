import torch
from torch import nn


def _same(n, k, s):
    total = max((-(-n // s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


def port(weights, input_shape):
    """A plain nn.Sequential: paddings as layers, and the rows of the dense kernel put in (C, H, W) order once."""
    height, width, channels = input_shape
    k1, k2 = weights["conv1/kernel"], weights["conv2/kernel"]
    h, w = -(-height // 2), -(-width // 2)
    f1, f2 = k1.shape[-1], k2.shape[-1]
    pad1 = _same(width, k1.shape[1], 2) + _same(height, k1.shape[0], 2)
    pad2 = _same(w, k2.shape[1], 1) + _same(h, k2.shape[0], 1)

    conv1 = nn.Conv2d(channels, f1, k1.shape[:2], stride=(2, 2))
    bn = nn.BatchNorm2d(f1, eps=0.001, momentum=1 - 0.99)
    conv2 = nn.Conv2d(f1, f2, k2.shape[:2])
    dense = nn.Linear(*weights["dense/kernel"].shape)

    with torch.no_grad():
        for conv, kernel, bias in ((conv1, k1, "conv1/bias"), (conv2, k2, "conv2/bias")):
            conv.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy()))
            conv.bias.copy_(torch.from_numpy(weights[bias]))
        bn.weight.copy_(torch.from_numpy(weights["bn/gamma"]))
        bn.bias.copy_(torch.from_numpy(weights["bn/beta"]))
        bn.running_mean.copy_(torch.from_numpy(weights["bn/moving_mean"]))
        bn.running_var.copy_(torch.from_numpy(weights["bn/moving_variance"]))
        rows = weights["dense/kernel"].reshape(h // 2, w // 2, f2, -1).transpose(3, 2, 0, 1)
        dense.weight.copy_(torch.from_numpy(rows.reshape(rows.shape[0], -1).copy()))
        dense.bias.copy_(torch.from_numpy(weights["dense/bias"]))

    model = nn.Sequential()
    layers = {
        "pad1": nn.ZeroPad2d(pad1),
        "conv1": conv1,
        "bn": bn,
        "relu1": nn.ReLU(),
        "pad2": nn.ZeroPad2d(pad2),
        "conv2": conv2,
        "relu2": nn.ReLU(),
        "pool": nn.MaxPool2d(2),
        "flatten": nn.Flatten(),
        "dense": dense,
    }
    for name, layer in layers.items():
        model.add_module(name, layer)
    return model
