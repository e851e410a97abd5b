import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader


def train_step(model: nn.Module, x: Tensor, target: Tensor, optimizer: Optimizer, max_norm: float) -> Tensor:
    """One update; the loss of each sample as it was before it."""
    loss = nn.functional.cross_entropy(model(x), target, reduction="none")  # (B,)
    optimizer.zero_grad(set_to_none=True)
    loss.mean().backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    optimizer.step()
    return loss.detach()


def train(
    model: nn.Module,
    loader: DataLoader,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    epochs: int,
    max_norm: float = 1.0,
) -> list[float]:
    """The five steps in a function of their own, and an epoch that reads as one line."""
    model.train()
    history = []
    for _ in range(epochs):
        losses = torch.cat([train_step(model, x, y, optimizer, max_norm) for x, y in loader])
        history.append(losses.mean().item())
        scheduler.step()
    return history
