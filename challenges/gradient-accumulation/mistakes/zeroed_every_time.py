"""Sets the gradients to zero for each micro-batch."""

from itertools import islice


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        total = 0.0
        for data, target in group:
            loss = criterion(model(data), target)
            optimizer.zero_grad()
            loss.backward()
            total += loss.item()
        optimizer.step()
        losses.append(total)
    return losses
