"""Puts the model into train mode."""

import torch
from torch import nn


def parameter_groups(model, weight_decay):
    decay, rest = [], []
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if p.dim() > 1:
            decay.append(p)
        else:
            rest.append(p)
    model.train()
    return [{"params": decay, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
