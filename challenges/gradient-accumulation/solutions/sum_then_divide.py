from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def divide_gradients(optimizer: torch.optim.Optimizer, count: int) -> None:
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:
                parameter.grad /= count


def train_epoch(
    model: nn.Module,
    dataloader: Iterable[tuple[Tensor, Tensor]],
    criterion: Callable,
    optimizer: torch.optim.Optimizer,
    accumulation_steps: int,
) -> list[float]:
    """Accumulate the gradient of the sum, and divide when the number of samples is known: nothing is read ahead."""
    losses: list[float] = []
    total, samples, pending = 0.0, 0, 0
    optimizer.zero_grad()

    def update() -> None:
        nonlocal total, samples, pending
        divide_gradients(optimizer, samples)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(total / samples)
        total, samples, pending = 0.0, 0, 0

    for data, target in dataloader:
        loss_sum = criterion(model(data), target) * len(data)
        loss_sum.backward()
        total, samples, pending = total + loss_sum.item(), samples + len(data), pending + 1
        if pending == accumulation_steps:
            update()
    if pending:
        update()
    return losses
