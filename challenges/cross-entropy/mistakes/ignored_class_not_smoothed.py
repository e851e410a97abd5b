"""Leaves the ignored class out of the smoothing."""


def cross_entropy(logits, target, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    s, c = label_smoothing, logits.shape[1]
    keep = target != ignore_index
    logp = logits.log_softmax(1)
    nll = -logp.gather(1, target.masked_fill(~keep, 0).unsqueeze(1)).squeeze(1)
    smooth = -logp.sum(1)
    if 0 <= ignore_index < c:
        smooth = smooth + logp[:, ignore_index]
        c = c - 1
    losses = ((1 - s) * nll + s * smooth / c).masked_fill(~keep, 0.0)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / keep.sum()
