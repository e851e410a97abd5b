"""Rounds the losses for the report, so that small ones become 0."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    model.train()
    losses = []
    for _ in range(num_epochs):
        total, seen = 0.0, 0
        for data, target in dataloader:
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(data)
            seen += len(data)
        losses.append(round(total / seen, 4))
    return losses
