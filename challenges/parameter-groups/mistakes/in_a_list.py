"""Asks for the rest by `not in` a list, which compares values."""

from torch import nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """parameters() yields each one once, shared or not, in registration order."""
    trained = [p for p in model.parameters() if p.requires_grad]
    decay = [p for p in trained if p.ndim >= 2]
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": [p for p in trained if p not in decay], "weight_decay": 0.0},
    ]
