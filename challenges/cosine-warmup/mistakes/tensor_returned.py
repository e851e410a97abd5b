"""Gives a tensor."""

import math
import torch


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    if step >= total_steps:
        return float(min_lr)
    if step < warmup_steps:
        return base_lr * (step / warmup_steps)
    t = (step - warmup_steps) / (total_steps - warmup_steps)
    return (
        min_lr
        + (base_lr - min_lr) * (1 + torch.cos(torch.tensor(math.pi * t, dtype=torch.float64))) / 2
    )
