"""Freezes what is called weight."""

from torch import nn


def freeze_features(model):
    features = model.features
    for name, parameter in features.named_parameters():
        if name.endswith('weight'):
            parameter.requires_grad_(False)
    features.eval()
    features.train = lambda mode=True: features
