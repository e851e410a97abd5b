import torch
from torch import Tensor


def flat(*tensors: Tensor) -> list[Tensor]:
    """All in one dimension, and all of one length."""
    counts = {tensor.numel() for tensor in tensors}
    assert len(counts) == 1, f"the tensors hold different numbers of values: {sorted(counts)}"
    return [tensor.reshape(-1) for tensor in tensors]


def mse_loss(pred: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """The stub's lines, each after everything has been made flat."""
    weight = torch.ones_like(target) if weight is None else weight
    pred, target, weight = flat(pred, target, weight)
    return (weight * (pred - target) ** 2).sum() / weight.sum()


def r2_score(pred: Tensor, target: Tensor) -> Tensor:
    pred, target = flat(pred, target)
    residual = ((target - pred) ** 2).sum()
    total = ((target - target.mean()) ** 2).sum()
    return 1 - residual / total


def binary_accuracy(logits: Tensor, target: Tensor) -> Tensor:
    logits, target = flat(logits, target)
    return ((logits > 0) == (target == 1)).float().mean()


def sequence_loss(pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    if pred.shape[: target.ndim] != target.shape or mask.shape != target.shape:
        raise ValueError("pred, target and mask must have the same B and T")
    pred, target, mask = flat(pred, target, mask)
    return ((pred - target) ** 2 * mask).sum() / mask.sum()
