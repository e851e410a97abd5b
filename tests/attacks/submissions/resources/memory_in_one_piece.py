"""One allocation larger than the machine (needs time)."""

import torch


def answer(x):
    return torch.ones(1 << 40)
