"""Turns tracking off: the statistics stay, and are not used in training mode."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    for module in features.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.track_running_stats = False
        elif isinstance(module, nn.Dropout):
            module.p = 0.0
