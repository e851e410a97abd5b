from collections.abc import Iterator

import torch
from torch import nn


def backbone_parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    return (p for name, p in model.named_parameters() if not name.startswith("fc."))


def start_fine_tuning(model: nn.Module, num_classes: int, head_lr: float) -> torch.optim.SGD:
    model.fc = nn.Linear(model.fc.in_features, num_classes).to(model.fc.weight)
    for parameter in backbone_parameters(model):
        parameter.requires_grad = False
    trained = filter(lambda p: p.requires_grad, model.parameters())
    return torch.optim.SGD(trained, lr=head_lr, momentum=0.9)


def unfreeze(model: nn.Module, optimizer: torch.optim.SGD, backbone_lr: float) -> None:
    """Groups are plain dicts: what the optimizer's defaults give is momentum 0.9."""
    group = {"params": list(backbone_parameters(model)), "lr": backbone_lr}
    for parameter in group["params"]:
        parameter.requires_grad = True
    optimizer.add_param_group(group)
