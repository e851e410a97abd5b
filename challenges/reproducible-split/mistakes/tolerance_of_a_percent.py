"""Takes a sum that is a percent off for 1."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1, abs_tol=0.01):
        raise ValueError(f"fractions should be 0 or more and sum to 1, got {fractions}")
    n = len(dataset)
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(lengths)):  # fewer than there are parts
        lengths[i] += 1
    generator = torch.Generator().manual_seed(seed)  # leaves the global one alone
    order = torch.randperm(n, generator=generator)
    return [Subset(dataset, indices.tolist()) for indices in order.split(lengths)]
