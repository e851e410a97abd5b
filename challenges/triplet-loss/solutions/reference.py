import torch


def _distance(x: torch.Tensor, y: torch.Tensor, eps: float) -> torch.Tensor:
    return (x - y + eps).square().sum(1).sqrt()  # (N, D) -> (N,)


def triplet_margin_loss(
    anchor: torch.Tensor,
    positive: torch.Tensor,
    negative: torch.Tensor,
    margin: float = 1.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> torch.Tensor:
    """max(d(a, p) - d(a, n) + margin, 0), for each triplet."""
    d_ap = _distance(anchor, positive, eps)
    d_an = _distance(anchor, negative, eps)
    if swap:
        d_an = torch.minimum(d_an, _distance(positive, negative, eps))
    losses = (d_ap - d_an + margin).clamp(min=0)
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses
