"""Gives alpha_t to the cross-entropy as its weight, and takes p_t from the weighted loss."""
import torch
from torch.nn import functional as F


def sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2.0, reduction="none"):
    alpha_t = alpha * targets + (1 - alpha) * (1 - targets) if alpha >= 0 else None
    bce = F.binary_cross_entropy_with_logits(inputs, targets, weight=alpha_t, reduction="none")
    p_t = torch.exp(-bce)
    loss = (1 - p_t) ** gamma * bce
    return {"none": loss, "sum": loss.sum(), "mean": loss.mean()}[reduction]
