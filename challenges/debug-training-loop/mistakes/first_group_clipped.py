"""Clips the first of the optimizer's parameter groups only, where the model's parameters together are meant."""

from torch import nn
from torch.nn import functional as F


def train(model, loader, optimizer, scheduler, epochs, max_norm=1.0):
    model.train()
    losses = []
    for _ in range(epochs):
        total, seen = 0.0, 0
        for x, target in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), target)
            loss.backward()
            nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], max_norm)
            optimizer.step()
            total += loss.item() * len(target)
            seen += len(target)
        scheduler.step()
        losses.append(total / seen)
    return losses
