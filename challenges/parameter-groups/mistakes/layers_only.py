"""Collects from layers that have no children, and misses parameters of containers."""


def parameter_groups(model, weight_decay):
    decay, no_decay = [], []
    for module in model.modules():
        if any(True for _ in module.children()):
            continue
        for p in module.parameters():
            if p.requires_grad:
                (decay if p.ndim >= 2 else no_decay).append(p)
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]
