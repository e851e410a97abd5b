"""Asks for shared parameters under each name."""


def parameter_groups(model, weight_decay):
    decay, no_decay = [], []
    for name, p in model.named_parameters(remove_duplicate=False):
        if not p.requires_grad:
            continue
        if p.ndim >= 2:
            decay.append(p)
        else:
            no_decay.append(p)
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": no_decay, "weight_decay": 0.0},
    ]
