"""Returns the loss of each micro-batch."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        samples = sum(len(target) for _, target in group)
        optimizer.zero_grad()
        for data, target in group:
            loss = criterion(model(data), target) * len(target) / samples
            loss.backward()
            losses.append(loss.item())
        optimizer.step()
    return losses
