"""Remembers the largest step so far, and takes it that steps only go up."""

import math

_last = {"key": None, "step": 0}


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    key = (warmup_steps, total_steps, base_lr, min_lr)
    if key != _last["key"]:
        _last.update(key=key, step=0)
    step = _last["step"] = max(step, _last["step"])
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return base_lr * step / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + 0.5 * (base_lr - min_lr) * (1 + math.cos(math.pi * progress))
