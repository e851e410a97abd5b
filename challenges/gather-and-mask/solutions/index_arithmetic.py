import torch


def pick_targets(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    rows = logits.reshape(-1, logits.shape[-1])  # (N, C)
    return rows[torch.arange(len(rows), device=logits.device), target.reshape(-1)].reshape(target.shape)


def masked_mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    zero = torch.zeros((), dtype=x.dtype, device=x.device)
    total = torch.where(mask[..., None], x, zero).sum(dim=1)
    count = mask.sum(dim=1)[:, None]
    return torch.where(count > 0, total / count.clamp_min(1), zero)


def keep_top_k(logits: torch.Tensor, k: int) -> torch.Tensor:
    """A value's rank is its place in the descending order: argsort of argsort."""
    rank = logits.argsort(dim=-1, descending=True).argsort(dim=-1)
    return torch.where(rank < k, logits, torch.full_like(logits, float("-inf")))
