"""Brings the classes last by a transpose, which moves the last dimension to where they were."""
from torch.nn import functional as F


def cross_entropy(logits, target, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    shape, c = target.shape, logits.shape[1]
    logp = F.log_softmax(logits.transpose(1, -1).reshape(-1, c), dim=1)
    target = target.reshape(-1)
    keep = target != ignore_index
    nll = -logp.gather(1, target.masked_fill(~keep, 0).unsqueeze(1)).squeeze(1)
    losses = (1 - label_smoothing) * nll - label_smoothing * logp.mean(1)
    losses = losses.masked_fill(~keep, 0.0)
    if reduction == "none":
        return losses.view(shape)
    return losses.sum() if reduction == "sum" else losses.sum() / keep.sum()
