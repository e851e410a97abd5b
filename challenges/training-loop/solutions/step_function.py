from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Batch = tuple[Tensor, Tensor]


def train_step(model: nn.Module, batch: Batch, criterion: Callable, optimizer: Optimizer) -> Tensor:
    """One update; the loss comes back without its graph, and stays on the device."""
    data, target = batch
    loss = criterion(model(data), target)
    optimizer.zero_grad(set_to_none=False)  # anywhere before backward() will do
    loss.backward()
    optimizer.step()
    return loss.detach() * data.shape[0]


def train(
    model: nn.Module,
    dataloader: Iterable[Batch],
    criterion: Callable,
    optimizer: Optimizer,
    num_epochs: int,
) -> list[float]:
    """Sums the losses on the device, so that a GPU is waited for once an epoch and not once a batch."""
    means = []
    for _ in range(num_epochs):
        model.train()
        sums, sizes = [], []
        for batch in dataloader:
            sums.append(train_step(model, batch, criterion, optimizer))
            sizes.append(len(batch[0]))
        means.append((torch.stack(sums).sum() / sum(sizes)).item())
    return means
