"""Divides by the number of micro-batches, whatever their sizes."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        optimizer.zero_grad()
        total = 0.0
        for data, target in group:
            loss = criterion(model(data), target) / len(group)
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses
