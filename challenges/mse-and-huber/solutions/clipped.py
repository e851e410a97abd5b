import torch

_REDUCE = {"none": lambda losses: losses, "sum": torch.sum, "mean": torch.mean}


def _checked(input, target):
    if input.size() != target.size():
        raise ValueError("input and target must have one shape")


def mse_loss(input, target, reduction="mean"):
    _checked(input, target)
    return _REDUCE[reduction](torch.pow(input - target, 2))


def huber_loss(input, target, reduction="mean", delta=1.0):
    """Without a condition: c is the part of |e| that is still quadratic."""
    _checked(input, target)
    a = torch.abs(input - target)
    c = a.clamp(max=delta)
    return _REDUCE[reduction](c * (a - 0.5 * c))
