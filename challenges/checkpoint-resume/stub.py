from pathlib import Path

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    generator: torch.Generator,  # the one that the DataLoader shuffles with
    epoch: int,  # epochs done
) -> None:
    raise NotImplementedError


def load_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: Optimizer,
    scheduler: LRScheduler,
    generator: torch.Generator,
) -> int:
    # returns the number of epochs done
    raise NotImplementedError
