"""Joins two micro-batches for an update where one was asked for."""

import torch


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    params = [p for g in optimizer.param_groups for p in g["params"]]
    losses = []
    total, samples, count = 0.0, 0, 0
    optimizer.zero_grad()

    def update():
        for p in params:
            if p.grad is not None:
                p.grad.div_(samples)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total / samples)

    for data, target in dataloader:
        n = data.shape[0]
        loss = criterion(model(data), target) * n
        loss.backward()
        total += loss.item()
        samples += n
        count += 1
        if count >= max(accumulation_steps, 2):
            update()
            total, samples, count = 0.0, 0, 0
    if count:
        update()
    return losses
