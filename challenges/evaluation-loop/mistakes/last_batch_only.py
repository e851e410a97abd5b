"""Overwrites the loss in each batch."""

import torch


@torch.no_grad()
def evaluate(model, dataloader, criterion):
    was_training = model.training
    model.eval()
    total_loss, correct, seen = 0.0, 0, 0
    for data, target in dataloader:
        logits = model(data)
        loss = criterion(logits, target).item()
        correct += (logits.argmax(dim=1) == target).sum().item()
        seen += len(target)
    model.train(was_training)
    return loss, correct / seen
