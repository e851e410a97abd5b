"""Leaves a batch of one sample out, as BatchNorm could not take it."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    model.train()
    epoch_losses = []
    for _ in range(num_epochs):
        total, seen = 0.0, 0
        for data, target in dataloader:
            if len(data) == 1:
                continue
            optimizer.zero_grad()
            output = model(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(target)  # the criterion averaged over the batch
            seen += len(target)
        epoch_losses.append(total / seen)
    return epoch_losses
