"""Looks for BatchNorm among the direct children only."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    for module in features.children():
        if isinstance(module, (nn.BatchNorm1d, nn.Dropout)):
            module.eval()
            module.train = lambda mode=True, module=module: module
