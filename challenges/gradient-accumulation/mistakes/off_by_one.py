"""Counts from 0, so that the first update comes after one micro-batch."""


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    total = 0.0
    optimizer.zero_grad()
    for i, (data, target) in enumerate(dataloader, start=0):
        loss = criterion(model(data), target) / accumulation_steps
        loss.backward()
        total += loss.item()
        if i % accumulation_steps == 0 or i == len(dataloader) - 1:
            optimizer.step()
            optimizer.zero_grad()
            losses.append(total)
            total = 0.0
    return losses
