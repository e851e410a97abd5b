"""Takes requires_grad away as well, and gives it back only where the model does not raise."""

import torch


def predict(model, x):
    modes = [(module, module.training) for module in model.modules()]
    flags = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    model.eval().requires_grad_(False)
    try:
        with torch.no_grad():
            y = model(x)
    finally:
        for module, mode in modes:
            module.training = mode
    for parameter, flag in flags:
        parameter.requires_grad_(flag)
    return y
