import torch


def pick_targets(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    # logits: (..., C), target: (...) of int64 -> (...)
    raise NotImplementedError


def masked_mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    # x: (B, T, D), mask: (B, T) of bool -> (B, D)
    raise NotImplementedError


def keep_top_k(logits: torch.Tensor, k: int) -> torch.Tensor:
    # logits: (..., C) -> (..., C), all but k of each row are -inf
    raise NotImplementedError
