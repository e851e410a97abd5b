import torch


def cross_entropy(
    logits: torch.Tensor,
    target: torch.Tensor,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    """-log p of the target's class, from logits whose dimension 1 is the classes."""
    logp = logits - logits.logsumexp(1, keepdim=True)  # (N, C, ...)
    keep = target != ignore_index  # (N, ...)
    safe = torch.where(keep, target, 0)  # an ignored target need not be a class
    nll = -logp.gather(1, safe.unsqueeze(1)).squeeze(1)  # (N, ...)
    uniform = -logp.mean(1)
    loss = (1 - label_smoothing) * nll + label_smoothing * uniform
    loss = torch.where(keep, loss, 0.0)
    if reduction == "mean":
        return loss.sum() / keep.sum()
    return loss.sum() if reduction == "sum" else loss
