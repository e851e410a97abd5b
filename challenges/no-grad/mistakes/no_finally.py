"""Restores after the forward pass, if it comes so far."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.no_grad():
        y = model(x)
    for module, mode in modes:
        module.training = mode
    return y
