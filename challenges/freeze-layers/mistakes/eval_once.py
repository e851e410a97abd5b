"""Calls eval() once; the next model.train() undoes it."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    features.eval()
