import math


def _factor(step, warmup_steps, total_steps):
    """What LambdaLR wants, if min_lr is 0: cos^2 of half the angle is the raised cosine."""
    if step >= total_steps:
        return 0.0
    done = step - warmup_steps
    return math.cos(math.pi / 2 * done / (total_steps - warmup_steps)) ** 2


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    match step:
        case _ if step < warmup_steps:
            return base_lr * (step / warmup_steps)
        case _:
            return min_lr + (base_lr - min_lr) * _factor(step, warmup_steps, total_steps)
