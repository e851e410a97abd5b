"""Adds the losses of the batches and does not divide."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    model.train()
    epoch_losses = []
    for _ in range(num_epochs):
        total = 0.0
        for data, target in dataloader:
            optimizer.zero_grad()
            output = model(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            total += loss.item()
        epoch_losses.append(total)
    return epoch_losses
