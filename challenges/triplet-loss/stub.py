import torch


def triplet_margin_loss(
    anchor: torch.Tensor,
    positive: torch.Tensor,
    negative: torch.Tensor,
    margin: float = 1.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> torch.Tensor:
    # anchor, positive, negative: (N, D)
    # reduction "none": (N,); "sum" and "mean": a scalar
    raise NotImplementedError
