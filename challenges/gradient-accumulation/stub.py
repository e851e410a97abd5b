from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def train_epoch(
    model: nn.Module,
    dataloader: Iterable[
        tuple[Tensor, Tensor]
    ],  # gives (data, target), the batch in the first dimension, of any size
    criterion: Callable[
        [Tensor, Tensor], Tensor
    ],  # criterion(output, target): the micro-batch's mean loss, a scalar
    optimizer: torch.optim.Optimizer,
    accumulation_steps: int,  # micro-batches for one update
) -> list[float]:
    # returns one mean loss over the samples for each update
    raise NotImplementedError
