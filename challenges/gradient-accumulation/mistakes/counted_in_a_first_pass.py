"""Runs the model a second time to report the loss."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        samples = sum(len(target) for _, target in group)
        optimizer.zero_grad()
        total = 0.0
        for data, target in group:
            loss = criterion(model(data), target) * len(target) / samples
            loss.backward()
            total += criterion(model(data), target).item() * len(target) / samples
        optimizer.step()
        losses.append(total)
    return losses
