"""Keeps the outputs of the epoch as they are."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    model.train()
    epoch_losses = []
    for _ in range(num_epochs):
        total, seen, outputs = 0.0, 0, []
        for data, target in dataloader:
            optimizer.zero_grad()
            output = model(data)
            outputs.append(output)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(target)  # the criterion averaged over the batch
            seen += len(target)
        epoch_losses.append(total / seen)
    return epoch_losses
