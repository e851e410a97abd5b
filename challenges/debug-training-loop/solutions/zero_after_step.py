from torch import nn


def train(model, loader, optimizer, scheduler, epochs, max_norm=1.0):
    """Gradients are cleared right after they were used, and the running loss stays a tensor on the device."""
    criterion = nn.CrossEntropyLoss(reduction="sum")
    model.train()
    optimizer.zero_grad()  # nothing of the caller's counts
    means = []
    for epoch in range(epochs):
        total = 0.0
        seen = 0
        for x, target in loader:
            loss = criterion(model(x), target)  # the sum over the batch
            (loss / target.numel()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            optimizer.zero_grad()
            total += loss.detach()  # a tensor from here on, and no wait for the device
            seen += target.numel()
        scheduler.step()
        means.append(float(total / seen))
    return means
