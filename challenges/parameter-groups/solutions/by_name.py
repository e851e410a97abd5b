def parameter_groups(model, weight_decay):
    """With names, which a log of who decays wants; the shapes still decide."""
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    no_decay = {name for name, p in named.items() if p.dim() in (0, 1)}
    decay, rest = [], []
    for name, p in named.items():
        (rest if name in no_decay else decay).append(p)
    return [
        {"params": decay, "weight_decay": weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
