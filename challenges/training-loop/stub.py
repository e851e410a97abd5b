from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader


def train(
    model: nn.Module,
    dataloader: DataLoader,  # gives (data, target), each with the batch in its first dimension
    criterion: Callable[[Tensor, Tensor], Tensor],  # criterion(output, target): the batch's mean loss, a scalar
    optimizer: torch.optim.Optimizer,
    num_epochs: int,
) -> list[float]:
    # returns one mean loss over the samples for each epoch
    raise NotImplementedError
