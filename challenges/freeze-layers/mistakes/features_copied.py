"""Puts a frozen copy in the features' place."""

import copy


def freeze_features(model):
    features = model.features = copy.deepcopy(model.features)
    for parameter in features.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    features.eval()
    features.train = lambda mode=True: features
