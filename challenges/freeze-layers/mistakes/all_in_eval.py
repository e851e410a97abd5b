"""Keeps the whole model in eval mode."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    model.eval()
    model.train = lambda mode=True: model
