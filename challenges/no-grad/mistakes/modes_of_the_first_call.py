"""The modes are noted at the first call only, and those are restored ever after."""

import torch

noted = {}


def predict(model, x):
    if model not in noted:
        noted[model] = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            return model(x)
    finally:
        for module, mode in noted[model]:
            module.training = mode
