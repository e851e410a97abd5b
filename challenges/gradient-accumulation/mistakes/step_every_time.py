"""Makes an update for each micro-batch."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        samples = sum(len(target) for _, target in group)
        optimizer.zero_grad()
        total = 0.0
        for data, target in group:
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            total += loss.item()
            optimizer.step()
        losses.append(total)
    return losses
