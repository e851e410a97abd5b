"""Scales F.smooth_l1_loss."""
import torch.nn.functional as F


def mse_loss(input, target, reduction="mean"):
    loss = (input - target) ** 2
    return loss if reduction == "none" else getattr(loss, reduction)()


def huber_loss(input, target, reduction="mean", delta=1.0):
    return delta * F.smooth_l1_loss(input, target, reduction=reduction, beta=delta)
