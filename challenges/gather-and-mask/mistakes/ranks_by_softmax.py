"""Takes the largest probabilities, of which distant logits make several 0."""

import torch


def pick_targets(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)  # (..., C), (..., 1) -> (..., 1) -> (...)


def masked_mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    kept = x.masked_fill(~mask.unsqueeze(-1), 0)  # select, never multiply: NaN * 0 is NaN
    count = mask.sum(1, keepdim=True).clamp(min=1)  # (B, 1)
    return kept.sum(1) / count  # (B, D)


def keep_top_k(logits: torch.Tensor, k: int) -> torch.Tensor:
    top = logits.softmax(-1).topk(min(k, logits.shape[-1]), dim=-1).indices  # (..., k)
    dropped = torch.ones_like(logits, dtype=torch.bool).scatter(-1, top, False)
    return logits.masked_fill(dropped, float("-inf"))
