"""Wraps the features in a module that stays in eval mode."""

import torch
from torch import nn


class Frozen(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner.eval().requires_grad_(False)

    def train(self, mode=True):
        return self

    def forward(self, x):
        return self.inner(x)


def freeze_features(model):
    model.features = Frozen(model.features)
