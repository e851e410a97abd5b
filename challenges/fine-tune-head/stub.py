import torch
from torch import nn


def start_fine_tuning(model: nn.Module, num_classes: int, head_lr: float) -> torch.optim.SGD:
    # model.fc: nn.Linear(features, old classes) -> a new nn.Linear(features, num_classes)
    raise NotImplementedError


def unfreeze(model: nn.Module, optimizer: torch.optim.SGD, backbone_lr: float) -> None:
    raise NotImplementedError
