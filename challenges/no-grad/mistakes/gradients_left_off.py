"""Turns gradients off for good."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        torch.set_grad_enabled(False)
        return model(x)
    finally:
        for module, mode in modes:
            module.training = mode
