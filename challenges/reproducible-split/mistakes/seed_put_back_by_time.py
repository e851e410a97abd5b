"""Seeds the global generator, and then makes it random again."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1):
        raise ValueError("fractions should be 0 or more and sum to 1")
    torch.manual_seed(seed)
    n = len(dataset)
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(lengths)):
        lengths[i] += 1
    order = torch.randperm(n).tolist()
    torch.seed()
    parts = []
    for length in lengths:
        parts.append(Subset(dataset, order[:length]))
        order = order[length:]
    return parts
