"""Steps with the gradients of the batch before."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    model.train()
    epoch_losses = []
    for _ in range(num_epochs):
        total, seen = 0.0, 0
        for data, target in dataloader:
            output = model(data)
            loss = criterion(output, target)
            optimizer.step()
            loss.backward()
            total += loss.item() * len(target)
            seen += len(target)
        epoch_losses.append(total / seen)
    return epoch_losses
