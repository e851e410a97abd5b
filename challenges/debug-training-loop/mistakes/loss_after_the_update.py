"""Runs the model again after the update, and reports that loss."""

import torch
from torch import nn
from torch.nn import functional as F


def train(model, loader, optimizer, scheduler, epochs, max_norm=1.0):
    model.train()
    losses = []
    for _ in range(epochs):
        total, seen = 0.0, 0
        for x, target in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), target).backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            with torch.no_grad():
                total += F.cross_entropy(model(x), target, reduction="sum").item()
            seen += len(target)
        scheduler.step()
        losses.append(total / seen)
    return losses
