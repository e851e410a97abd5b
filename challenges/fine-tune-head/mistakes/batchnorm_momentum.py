"""Stops BatchNorm's statistics with a momentum of 0."""

import torch
from torch import nn


def start_fine_tuning(model, num_classes, head_lr):
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 0.0
    old = model.fc
    # Made after the freezing, so the new head trains.
    model.fc = nn.Linear(
        old.in_features, num_classes, device=old.weight.device, dtype=old.weight.dtype
    )
    return torch.optim.SGD(model.fc.parameters(), lr=head_lr, momentum=0.9)


def unfreeze(model, optimizer, backbone_lr):
    model.requires_grad_(True)
    head = set(model.fc.parameters())
    backbone = [p for p in model.parameters() if p not in head]
    optimizer.add_param_group({"params": backbone, "lr": backbone_lr})
