import torch
import torch.nn.functional as F


def cross_entropy(logits, target, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """The formula itself: the target distribution q as a tensor, then -sum q log p."""
    classes = logits.shape[1]
    ignored = target.eq(ignore_index)
    logp = F.log_softmax(logits.movedim(1, -1), dim=-1)  # (N, ..., C)
    q = F.one_hot(target.masked_fill(ignored, 0), classes).to(logp)
    q = q * (1 - label_smoothing) + label_smoothing / classes
    q = q * ~ignored.unsqueeze(-1)
    losses = -torch.einsum("...c,...c->...", q, logp)
    match reduction:
        case "none":
            return losses
        case "sum":
            return losses.sum()
        case "mean":
            return losses.sum() / q.sum()  # each kept position's q sums to one
    raise ValueError(f"unknown reduction {reduction!r}")
