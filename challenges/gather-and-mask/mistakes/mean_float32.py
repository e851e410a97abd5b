"""Casts to float32 to divide."""
import torch


def masked_mean(x, mask):
    kept = x.masked_fill(~mask.unsqueeze(-1), 0)
    return kept.sum(1).float() / mask.sum(1, keepdim=True).clamp(min=1)


def pick_targets(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)  # (..., C), (..., 1) -> (..., 1) -> (...)


def keep_top_k(logits: torch.Tensor, k: int) -> torch.Tensor:
    top = logits.topk(min(k, logits.shape[-1]), dim=-1).indices  # (..., k)
    dropped = torch.ones_like(logits, dtype=torch.bool).scatter(-1, top, False)
    return logits.masked_fill(dropped, float("-inf"))
