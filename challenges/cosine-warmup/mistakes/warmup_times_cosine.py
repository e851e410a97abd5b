"""Lets the cosine run from step 0, scaled by the warm-up."""

import math


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    if step >= total_steps:
        return min_lr
    progress = step / total_steps
    warm = min(1.0, step / warmup_steps) if warmup_steps else 1.0
    return warm * (min_lr + 0.5 * (base_lr - min_lr) * (1 + math.cos(math.pi * progress)))
