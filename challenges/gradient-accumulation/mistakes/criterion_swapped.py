"""Gives the criterion its arguments the other way round."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        samples = sum(len(target) for _, target in group)
        optimizer.zero_grad()
        total = 0.0
        for data, target in group:
            # The weights of the micro-batches add up to 1, as in the mean over all samples.
            loss = criterion(target, model(data)) * len(target) / samples
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses
