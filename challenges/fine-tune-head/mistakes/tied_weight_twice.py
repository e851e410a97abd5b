"""Collects parameters module by module, so that a tied weight is in the group twice."""

import torch
from torch import nn


def start_fine_tuning(model, num_classes, head_lr):
    old = model.fc
    head = nn.Linear(old.in_features, num_classes)
    head = head.to(old.weight)
    model.fc = head
    for name, p in model.named_parameters():
        p.requires_grad = False
    for p in model.fc.parameters():
        p.requires_grad = True
    return torch.optim.SGD(model.fc.parameters(), lr=head_lr, momentum=0.9)


def unfreeze(model, optimizer, backbone_lr):
    head = {id(p) for p in model.fc.parameters()}
    backbone = [
        p for m in model.modules() for p in m.parameters(recurse=False) if id(p) not in head
    ]
    for p in backbone:
        p.requires_grad_()
    optimizer.add_param_group({"params": backbone, "lr": backbone_lr})
