"""Adds the losses up, and calls backward once."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        samples = sum(len(target) for _, target in group)
        optimizer.zero_grad()
        loss = sum(criterion(model(data), target) * len(target) / samples for data, target in group)
        loss.backward()
        total = loss.item()
        optimizer.step()
        losses.append(total)
    return losses
