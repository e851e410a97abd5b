from math import cos, pi


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    """Progress clamped to 1 holds the end; a mixture of base_lr and min_lr makes the range plain."""
    if step < min(warmup_steps, total_steps):
        return step / warmup_steps * base_lr
    progress = (
        min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
        if total_steps > warmup_steps
        else 1.0
    )
    weight = (1 + cos(pi * progress)) / 2  # 1 at the peak, 0 at the end
    return weight * base_lr + (1 - weight) * min_lr
