"""Turns gradients off, and forgets eval()."""

import torch


def predict(model, x):
    with torch.no_grad():
        y = model(x)
    return y
