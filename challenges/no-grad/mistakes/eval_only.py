"""Takes eval() for the switch of autograd."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        return model(x)
    finally:
        for module, mode in modes:
            module.training = mode
