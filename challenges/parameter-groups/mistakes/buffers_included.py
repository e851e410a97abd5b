"""Collects from state_dict."""


def parameter_groups(model, weight_decay):
    tensors = [t for t in model.state_dict(keep_vars=True).values() if t.is_floating_point()]
    return [
        {"params": [t for t in tensors if t.ndim >= 2], "weight_decay": weight_decay},
        {"params": [t for t in tensors if t.ndim < 2], "weight_decay": 0.0},
    ]
