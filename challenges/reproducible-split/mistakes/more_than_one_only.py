"""Refuses a sum above 1 only."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    if min(fractions) < 0 or sum(fractions) > 1 + 1e-6:
        raise ValueError("fractions should be 0 or more and sum to 1")
    n = len(dataset)
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(lengths)):
        lengths[i % len(lengths)] += 1
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    parts = []
    for length in lengths:
        parts.append(Subset(dataset, order[:length]))
        order = order[length:]
    return parts
