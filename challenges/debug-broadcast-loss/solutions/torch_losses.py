import torch
from torch.nn import functional as F


def aligned(value, shape):
    """view_as refuses a wrong number of values; the batch size is compared besides."""
    if value.shape[0] != shape[0]:
        raise ValueError(f"{tuple(value.shape)} against {tuple(shape)}")
    return value.reshape(shape)


def mse_loss(pred, target, weight=None):
    """torch's own losses on shapes that agree."""
    pred = aligned(pred, target.shape)
    if weight is None:
        return F.mse_loss(pred, target)
    weight = aligned(weight, target.shape)
    return (F.mse_loss(pred, target, reduction="none") * weight / weight.sum()).sum()


def r2_score(pred, target):
    return 1 - mse_loss(pred, target) / target.var(unbiased=False)


def binary_accuracy(logits, target):
    guess = aligned(logits, target.shape).sigmoid() > 0.5
    return torch.mean(torch.eq(guess, target.bool()), dtype=torch.float32)


def sequence_loss(pred, target, mask):
    if pred.ndim == 3:
        pred = pred.squeeze(-1)
    if not pred.shape == target.shape == mask.shape:
        raise ValueError("the shapes differ")
    return F.mse_loss(pred[mask], target[mask])
