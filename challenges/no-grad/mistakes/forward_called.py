"""Calls forward, which skips the hooks of the model."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            return model.forward(x)
    finally:
        for module, mode in modes:
            module.training = mode
