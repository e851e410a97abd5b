"""Hands over to WeightedRandomSampler."""

import torch
from torch.utils.data import WeightedRandomSampler


class BalancedSampler(WeightedRandomSampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        labels = torch.as_tensor(labels)
        _, inverse, counts = labels.unique(return_inverse=True, return_counts=True)
        total = len(counts) * (samples_per_class or int(counts.max()))
        super().__init__(1 / counts[inverse], total, replacement=True, generator=generator)
