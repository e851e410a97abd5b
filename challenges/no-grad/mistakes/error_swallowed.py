"""Catches whatever the model raises."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            return model(x)
    except Exception as error:
        print(error)
    finally:
        for module, mode in modes:
            module.training = mode
