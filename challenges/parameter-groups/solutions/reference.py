from torch import nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """parameters() yields each one once, shared or not, in registration order."""
    trained = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
