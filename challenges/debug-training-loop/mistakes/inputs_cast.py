"""Casts the inputs to float32."""
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader


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
        total, seen = 0.0, 0
        for x, target in loader:  # x: (B, ...), target: (B,) of class indices
            optimizer.zero_grad()
            logits = model(x.float())  # (B, classes)
            loss = F.cross_entropy(logits, target)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            total += loss.item() * len(target)
            seen += len(target)
        scheduler.step()
        losses.append(total / seen)
    return losses
