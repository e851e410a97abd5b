"""Makes an update only when the count divides."""


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    total = 0.0
    optimizer.zero_grad()
    for i, (data, target) in enumerate(dataloader, start=1):
        loss = criterion(model(data), target) / accumulation_steps
        loss.backward()
        total += loss.item()
        if i % accumulation_steps == 0:
            optimizer.step()
            optimizer.zero_grad()
            losses.append(total)
            total = 0.0
    return losses
