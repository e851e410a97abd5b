"""Sorts by the hash of a string, which is another one in each run of Python."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(f"fractions should be 0 or more and sum to 1, got {fractions}")
    n = len(dataset)
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(lengths)):  # fewer than there are parts
        lengths[i] += 1
    order = torch.tensor(sorted(range(n), key=lambda i: hash((f"{seed}", i))))
    return [Subset(dataset, indices.tolist()) for indices in order.split(lengths)]
