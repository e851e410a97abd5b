"""Takes every micro-batch of an update for as large as its first."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        samples = len(group) * len(group[0][1])
        optimizer.zero_grad()
        total = 0.0
        for data, target in group:
            # The weights of the micro-batches add up to 1, as in the mean over all samples.
            loss = criterion(model(data), target) * len(target) / samples
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses
