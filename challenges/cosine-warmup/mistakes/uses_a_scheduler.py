"""Steps a scheduler of torch's until it gets there."""

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR


def cosine_warmup_lr(step, warmup_steps, total_steps, base_lr, min_lr=0.0):
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return base_lr * step / warmup_steps
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base_lr)
    scheduler = CosineAnnealingLR(optimizer, total_steps - warmup_steps, min_lr)
    for _ in range(step - warmup_steps):
        optimizer.step()
        scheduler.step()
    return scheduler.get_last_lr()[0]
