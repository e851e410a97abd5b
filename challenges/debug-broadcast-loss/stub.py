import torch
from torch import Tensor

# A model that ends in nn.Linear(hidden, 1) trains with these, and learns to predict the mean.
# Each function has a bug at least: find and repair them.


def mse_loss(pred: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """pred, target, weight: (N,) or (N, 1) -> scalar, the mean of the squared errors, weighted where there are weights."""
    error = (pred - target) ** 2
    if weight is None:
        return error.mean()
    return (weight * error).sum() / weight.sum()


def r2_score(pred: Tensor, target: Tensor) -> Tensor:
    """pred, target: (N,) or (N, 1) -> scalar, 1 - residual sum of squares / total sum of squares."""
    residual = ((target - pred) ** 2).sum()
    total = ((target - target.mean()) ** 2).sum()
    return 1 - residual / total


def binary_accuracy(logits: Tensor, target: Tensor) -> Tensor:
    """logits: (N,) or (N, 1), target: (N,) or (N, 1) of zeros and ones -> scalar, the share that is right."""
    return ((logits > 0) == (target == 1)).float().mean()


def sequence_loss(pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """pred: (B, T) or (B, T, 1), target: (B, T), mask: (B, T) of booleans -> scalar, the mean squared error where mask is True."""
    pred = pred.squeeze()
    error = (pred - target) ** 2  # (B, T)
    return (error * mask).mean()
