"""Exponentiates the logits as they are."""
import torch
import torch.nn.functional as F


def cross_entropy(logits, target, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    C = logits.shape[1]
    logp = logits - logits.exp().sum(dim=1, keepdim=True).log()
    mask = target != ignore_index
    idx = target.masked_fill(~mask, 0)
    nll = -logp.gather(1, idx.unsqueeze(1)).squeeze(1)
    smooth = -logp.mean(dim=1)
    loss = (1 - label_smoothing) * nll + label_smoothing * smooth
    loss = loss.masked_fill(~mask, 0)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.sum() / mask.sum()
