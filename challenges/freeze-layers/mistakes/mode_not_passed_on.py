"""Replaces model.train by a function that forgets the mode."""

from torch import nn


def freeze_features(model):
    features = model.features
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    whole = model.train

    def train(mode=True):
        whole()
        features.eval()
        return model

    model.train = train
    model.train()
