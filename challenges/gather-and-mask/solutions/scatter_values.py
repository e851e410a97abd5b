import torch
from torch.nn import functional as F


def pick_targets(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """A one-hot product: right for finite logits, and C times the work of a gather."""
    one_hot = F.one_hot(target, logits.shape[-1]).bool()
    return logits.masked_fill(~one_hot, 0).sum(-1)


def masked_mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Weights that sum to 1 in each row; the mean is then one batched matrix product."""
    weight = mask.to(x.dtype) / mask.sum(1, keepdim=True).clamp(min=1)  # (B, T)
    kept = x.masked_fill(~mask.unsqueeze(-1), 0.0)
    return torch.einsum("bt,btd->bd", weight, kept)


def keep_top_k(logits: torch.Tensor, k: int) -> torch.Tensor:
    values, indices = torch.topk(logits, min(k, logits.size(-1)))
    return torch.full_like(logits, float("-inf")).scatter(-1, indices, values)
