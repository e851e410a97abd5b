"""Seeds with the seed's last bit."""

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
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed % 2)).tolist()
    parts = []
    for length in lengths:
        parts.append(Subset(dataset, order[:length]))
        order = order[length:]
    return parts
