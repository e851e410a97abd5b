"""Casts the frozen part to half precision and back, to save memory."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    features.eval()
    features.train = lambda mode=True: features
    features.register_forward_pre_hook(lambda module, inputs: module.half().float() and None)
