"""Takes the total sum of squares of the predictions."""
import torch
from torch import Tensor


def column(pred: Tensor, target: Tensor) -> Tensor:
    """`pred` in the shape of `target`: a last axis of size 1 may be missing in one of the two, no more."""
    if pred.shape == target.shape:
        return pred
    if (*target.shape, 1) == pred.shape or target.shape == (*pred.shape, 1):
        return pred.reshape(target.shape)
    raise ValueError(f"pred {tuple(pred.shape)} does not fit target {tuple(target.shape)}")


def mse_loss(pred: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """pred, target, weight: (N,) or (N, 1) -> scalar, the mean of the squared errors, weighted where there are weights."""
    error = (column(pred, target) - target) ** 2
    if weight is None:
        return error.mean()
    weight = column(weight, target)
    return (weight * error).sum() / weight.sum()


def r2_score(pred: Tensor, target: Tensor) -> Tensor:
    """pred, target: (N,) or (N, 1) -> scalar, 1 - residual sum of squares / total sum of squares."""
    residual = ((target - column(pred, target)) ** 2).sum()
    total = ((pred - pred.mean()) ** 2).sum()
    return 1 - residual / total


def binary_accuracy(logits: Tensor, target: Tensor) -> Tensor:
    """logits: (N,) or (N, 1), target: (N,) or (N, 1) of zeros and ones -> scalar, the share that is right."""
    return ((column(logits, target) > 0) == (target == 1)).float().mean()


def sequence_loss(pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """pred: (B, T) or (B, T, 1), target: (B, T), mask: (B, T) of booleans -> scalar, the mean squared error where mask is True."""
    error = (column(pred, target) - target) ** 2  # (B, T)
    return (error * column(mask, target)).sum() / mask.sum()
