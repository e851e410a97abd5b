"""Gives nothing of the rest to a part whose fraction is 0."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(f"fractions should be 0 or more and sum to 1, got {fractions}")
    n = len(dataset)
    lengths = [math.floor(n * fraction) for fraction in fractions]
    wanted = [i for i, fraction in enumerate(fractions) if fraction > 0]
    for i in wanted[: n - sum(lengths)]:
        lengths[i] += 1
    generator = torch.Generator().manual_seed(seed)  # leaves the global one alone
    order = torch.randperm(n, generator=generator)
    return [Subset(dataset, indices.tolist()) for indices in order.split(lengths)]
