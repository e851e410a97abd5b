"""Leaves the gradients of the last backward pass where they are."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
    features.eval()
    features.train = lambda mode=True: features
