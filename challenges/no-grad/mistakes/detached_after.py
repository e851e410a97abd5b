"""Builds the graph, and drops it afterwards."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        return model(x).detach()
    finally:
        for module, mode in modes:
            module.training = mode
