"""Tells shared parameters by their memory."""

from torch import nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """parameters() yields each one once, shared or not, in registration order."""
    by_address = {p.data_ptr(): p for p in model.parameters()}
    trained = [p for p in by_address.values() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
