"""Collects with model.apply, which visits children before their parent."""

from torch import nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """parameters() yields each one once, shared or not, in registration order."""
    found = []
    model.apply(lambda module: found.extend(module.parameters(recurse=False)))
    trained = [p for p in dict.fromkeys(found) if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
