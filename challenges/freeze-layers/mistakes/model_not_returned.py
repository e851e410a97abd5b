"""Replaces model.train by a function that returns nothing."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    whole = model.train

    def train(mode=True):
        whole(mode)
        for module in features.modules():
            module.training = False

    train()
    model.train = train
