"""Collects in sets."""


def parameter_groups(model, weight_decay):
    decay, no_decay = set(), set()
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        if p.ndim >= 2:
            decay.add(p)
        else:
            no_decay.add(p)
    return [
        {"params": list(decay), "weight_decay": weight_decay},
        {"params": list(no_decay), "weight_decay": 0.0},
    ]
