"""Makes a list of the batches before the first epoch, so that the loader shuffles only once."""

def train(model, dataloader, criterion, optimizer, num_epochs):
    model.train()
    batches = list(dataloader)
    losses = []
    for _ in range(num_epochs):
        total, seen = 0.0, 0
        for data, target in batches:
            optimizer.zero_grad()
            loss = criterion(model(data), target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(data)
            seen += len(data)
        losses.append(total / seen)
    return losses
