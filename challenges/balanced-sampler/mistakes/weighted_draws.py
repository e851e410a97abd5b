"""Draws each index with a probability of 1 / the size of its class: balanced on average."""

import torch
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        labels = torch.as_tensor(labels)
        self.members = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.each = samples_per_class or max(len(members) for members in self.members)
        self.weights = torch.zeros(len(labels))
        for members in self.members:
            self.weights[members] = 1 / len(members)
        self.generator = generator

    def __len__(self):
        return len(self.members) * self.each

    def __iter__(self):
        drawn = torch.multinomial(self.weights, len(self), True, generator=self.generator)
        return iter(drawn.tolist())
