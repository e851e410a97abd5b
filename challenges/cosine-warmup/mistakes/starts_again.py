"""Starts again when the schedule is over."""

import math


def cosine_warmup_lr(
    step: int, warmup_steps: int, total_steps: int, base_lr: float, min_lr: float = 0.0
) -> float:
    """A straight line up to base_lr, half a cosine down to min_lr, and min_lr from there on."""
    if step > total_steps:
        step %= total_steps
    if step == total_steps:
        return min_lr
    if step < warmup_steps:
        return base_lr * step / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + 0.5 * (base_lr - min_lr) * (1 + math.cos(math.pi * progress))
