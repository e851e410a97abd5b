"""Divides every gradient, also where there is none."""


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    total, samples = 0.0, 0
    batches = list(dataloader)
    optimizer.zero_grad()
    for i, (data, target) in enumerate(batches, start=1):
        loss = criterion(model(data), target) * len(target)
        loss.backward()
        total += loss.item()
        samples += len(target)
        if i % accumulation_steps == 0 or i == len(batches):
            for p in model.parameters():
                p.grad /= samples
            optimizer.step()
            optimizer.zero_grad()
            losses.append(total / samples)
            total, samples = 0.0, 0
    return losses
