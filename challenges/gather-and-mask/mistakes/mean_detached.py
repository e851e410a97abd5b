"""Computes the mean under no_grad, as a statistic."""
import torch


def pick_targets(logits, target):
    return logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)


def masked_mean(x, mask):
    with torch.no_grad():
        return x.masked_fill(~mask.unsqueeze(-1), 0).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)


def keep_top_k(logits, k):
    top = logits.topk(min(k, logits.shape[-1]), dim=-1).indices
    dropped = torch.ones_like(logits, dtype=torch.bool).scatter(-1, top, False)
    return logits.masked_fill(dropped, float("-inf"))
