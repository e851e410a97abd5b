"""Knows weights of two to four dimensions."""

import torch
from torch import nn


def parameter_groups(model, weight_decay):
    decay, rest = [], []
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if p.dim() in (2, 3, 4):
            decay.append(p)
        else:
            rest.append(p)
    return [{"params": decay, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
