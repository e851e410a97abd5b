"""Only BatchNorm and Dropout layers are held in eval mode; a module with a training flag of its own is not."""

from torch import nn


def freeze_features(model):
    for parameter in model.features.parameters():
        parameter.requires_grad = False
        parameter.grad = None
    for module in model.features.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.Dropout):
            module.eval()
            module.train = lambda mode=True, module=module: module
