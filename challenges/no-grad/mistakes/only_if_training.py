"""Looks at the model's own flag only."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    if model.training:
        model.eval()
    try:
        with torch.no_grad():
            return model(x)
    finally:
        for module, mode in modes:
            module.training = mode
