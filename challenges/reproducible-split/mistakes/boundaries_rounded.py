"""Rounds the boundaries."""

import math

import torch
from torch.utils.data import Subset


def split_dataset(dataset, fractions, seed):
    if min(fractions) < 0 or not math.isclose(sum(fractions), 1):
        raise ValueError("fractions should be 0 or more and sum to 1")
    n = len(dataset)
    ends = [int(n * math.fsum(fractions[:i])) for i in range(len(fractions) + 1)]
    lengths = [ends[i + 1] - ends[i] for i in range(len(fractions))]
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    parts = []
    for length in lengths:
        parts.append(Subset(dataset, order[:length]))
        order = order[length:]
    return parts
