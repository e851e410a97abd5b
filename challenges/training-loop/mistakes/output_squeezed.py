"""Squeezes the output, which then broadcasts against a target of shape (B, 1)."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    model.train()
    losses = []
    for _ in range(num_epochs):
        total, seen = 0.0, 0
        for data, target in dataloader:
            optimizer.zero_grad()
            loss = criterion(model(data).squeeze(), target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(data)
            seen += len(data)
        losses.append(total / seen)
    return losses
