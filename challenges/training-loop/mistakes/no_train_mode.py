"""Leaves the model in the mode it came in."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    epoch_losses = []
    for _ in range(num_epochs):
        total, seen = 0.0, 0
        for data, target in dataloader:
            optimizer.zero_grad()
            output = model(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(target)
            seen += len(target)
        epoch_losses.append(total / seen)
    return epoch_losses
