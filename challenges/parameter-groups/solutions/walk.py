from torch import nn


def _own_parameters(module: nn.Module, seen: set[int]):
    """Depth first over the modules, as parameters() goes, with the bookkeeping written out."""
    for p in module._parameters.values():
        if p is not None and id(p) not in seen:
            seen.add(id(p))
            yield p
    for child in module.children():
        yield from _own_parameters(child, seen)


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    groups = [
        {"params": [], "weight_decay": weight_decay},
        {"params": [], "weight_decay": 0.0},
    ]
    for p in _own_parameters(model, set()):
        if p.requires_grad:
            groups[len(p.shape) < 2]["params"].append(p)
    return groups
