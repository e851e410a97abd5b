"""One row at a time."""
import torch


def pick_targets(logits, target):
    rows = logits.reshape(-1, logits.shape[-1])
    picked = [row[t] for row, t in zip(rows, target.reshape(-1).tolist())]
    return torch.stack(picked).reshape(target.shape)


def masked_mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    kept = x.masked_fill(~mask.unsqueeze(-1), 0)  # select, never multiply: NaN * 0 is NaN
    count = mask.sum(1, keepdim=True).clamp(min=1)  # (B, 1)
    return kept.sum(1) / count  # (B, D)


def keep_top_k(logits: torch.Tensor, k: int) -> torch.Tensor:
    top = logits.topk(min(k, logits.shape[-1]), dim=-1).indices  # (..., k)
    dropped = torch.ones_like(logits, dtype=torch.bool).scatter(-1, top, False)
    return logits.masked_fill(dropped, float("-inf"))
