"""Brings the embeddings to unit length, as training often does before the loss."""

import torch
import torch.nn.functional as F


def distance(x, y, eps):
    return torch.sqrt(((x - y + eps) ** 2).sum(dim=1))


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, eps=1e-6, swap=False, reduction="mean"
):
    anchor, positive, negative = (F.normalize(t, dim=1) for t in (anchor, positive, negative))
    ap = distance(anchor, positive, eps)
    an = distance(anchor, negative, eps)
    if swap:
        an = torch.minimum(an, distance(positive, negative, eps))
    loss = F.relu(ap - an + margin)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean()
