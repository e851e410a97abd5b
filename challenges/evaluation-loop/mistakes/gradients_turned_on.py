"""Turns gradients on at the end, also where they were off before."""
import torch


def evaluate(model, dataloader, criterion):
    was_training = model.training
    model.eval()
    torch.set_grad_enabled(False)
    total_loss, correct, seen = 0.0, 0, 0
    for data, target in dataloader:
        logits = model(data)
        total_loss += criterion(logits, target).item() * len(target)
        correct += (logits.argmax(dim=1) == target).sum().item()
        seen += len(target)
    model.train(was_training)
    torch.set_grad_enabled(True)
    return total_loss / seen, correct / seen
