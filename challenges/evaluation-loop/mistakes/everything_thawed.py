"""Turns the flags of all parameters off and, afterwards, on."""

import torch


@torch.no_grad()
def evaluate(model, dataloader, criterion):
    was_training = model.training
    model.eval()
    model.requires_grad_(False)
    total_loss, correct, seen = 0.0, 0, 0
    for data, target in dataloader:
        logits = model(data)  # (B, C)
        total_loss += criterion(logits, target).item() * len(target)  # the criterion averaged
        correct += (logits.argmax(dim=1) == target).sum().item()
        seen += len(target)
    model.requires_grad_(True)
    model.train(was_training)
    return total_loss / seen, correct / seen
