"""Sets an attribute of the module, which nobody reads."""

from torch import nn


def freeze_features(model):
    features = model.features
    features.requires_grad = False
    features.eval()
    features.train = lambda mode=True: features
