from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader


def evaluate(
    model: nn.Module,  # (B, ...) -> logits (B, classes)
    dataloader: DataLoader,  # gives (data, target), target of shape (B,)
    criterion: Callable[[Tensor, Tensor], Tensor],  # the batch's mean loss, a scalar
) -> tuple[float, float]:
    # returns (mean loss, accuracy) over all samples
    raise NotImplementedError
