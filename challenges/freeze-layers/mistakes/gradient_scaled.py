"""Weakens the gradient that flows through the features."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    features.eval()
    features.train = lambda mode=True: features
    features.register_full_backward_hook(lambda module, grad_input, grad_output: tuple(g * 0.1 for g in grad_input))
