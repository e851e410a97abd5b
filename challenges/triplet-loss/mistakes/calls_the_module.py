"""Lets nn.TripletMarginLoss do the work."""

from torch import nn


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, eps=1e-6, swap=False, reduction="mean"
):
    return nn.TripletMarginLoss(margin=margin, eps=eps, swap=swap, reduction=reduction)(
        anchor, positive, negative
    )
