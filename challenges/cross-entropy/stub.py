import torch


def cross_entropy(
    logits: torch.Tensor,
    target: torch.Tensor,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> torch.Tensor:
    # logits: (N, C) or (N, C, d1, ...), target: (N,) or (N, d1, ...) of int64
    # reduction "none": the shape of target; "sum" and "mean": a scalar
    raise NotImplementedError
