"""Warms up along a cosine too."""

import math


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return base_lr * 0.5 * (1 - math.cos(math.pi * step / warmup_steps))
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + 0.5 * (base_lr - min_lr) * (1 + math.cos(math.pi * progress))
