"""Writes require_grad; Python makes a new attribute of it."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.require_grad = False
        parameter.grad = None
    features.eval()
    features.train = lambda mode=True: features
