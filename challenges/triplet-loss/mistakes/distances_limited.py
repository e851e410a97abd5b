"""Limits distances to 100."""

import torch
from torch import Tensor


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, eps=1e-6, swap=False, reduction="mean"
):
    def dist(x, y):
        return (x - y + eps).norm(dim=1).clamp(max=100.0)

    dp = dist(anchor, positive)
    dn = dist(anchor, negative)
    if swap:
        dn = torch.minimum(dn, dist(positive, negative))
    loss = (dp - dn + margin).clamp(min=0)
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    return loss
