import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader

# This runs, and on an easy data set the loss even goes down. It has several bugs: find and repair them.


def train(
    model: nn.Module,
    loader: DataLoader,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    epochs: int,
    max_norm: float = 1.0,
) -> list[float]:
    """Train a classifier; return the mean loss per sample of each epoch."""
    model.train()
    losses = []
    for _ in range(epochs):
        total = 0.0
        optimizer.zero_grad()
        for x, target in loader:  # x: (B, ...), target: (B,) of class indices
            logits = model(x)  # (B, classes)
            probabilities = torch.softmax(logits, dim=1)
            loss = F.cross_entropy(probabilities, target)
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            loss.backward()
            optimizer.step()
            scheduler.step()
            total += loss.item()
        losses.append(total / len(loader.dataset))
    return losses
