"""Leaves out whatever a norm owns."""

from torch import nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """parameters() yields each one once, shared or not, in registration order."""
    norms = {
        id(p)
        for module in model.modules()
        if "Norm" in type(module).__name__
        for p in module.parameters(recurse=False)
    }
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2 and id(p) not in norms], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2 or id(p) in norms], "weight_decay": 0.0},
    ]
