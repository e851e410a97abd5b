from torch import nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    # [{"params": [...], "weight_decay": weight_decay}, {"params": [...], "weight_decay": 0.0}]
    raise NotImplementedError
