"""Shuffles only after splitting."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1):
        raise ValueError("fractions should be 0 or more and sum to 1")
    n = len(dataset)
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(lengths)):
        lengths[i] += 1
    generator = torch.Generator().manual_seed(seed)
    order = list(range(n))
    parts = []
    for length in lengths:
        own = torch.randperm(length, generator=generator).tolist()
        parts.append(Subset(dataset, [order[i] for i in own]))
        order = order[length:]
    return parts
