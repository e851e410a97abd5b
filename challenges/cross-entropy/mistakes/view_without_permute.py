"""Flattens to (-1, C) without moving the classes last."""
import torch
import torch.nn.functional as F


def cross_entropy(logits, target, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    C = logits.shape[1]
    logp = F.log_softmax(logits.reshape(-1, C), dim=1)
    labels = target.reshape(-1)
    mask = labels != ignore_index
    nll = -logp[torch.arange(len(labels)), labels.masked_fill(~mask, 0)]
    loss = (1 - label_smoothing) * nll - label_smoothing * logp.mean(1)
    loss = loss * mask
    if reduction == "none":
        return loss.view(target.shape)
    if reduction == "sum":
        return loss.sum()
    return loss.sum() / mask.sum()
