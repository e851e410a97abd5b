"""Goes through all the model's parameters."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in model.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    features.eval()
    features.train = lambda mode=True: features
