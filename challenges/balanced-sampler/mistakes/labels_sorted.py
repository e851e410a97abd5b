"""Sorts the caller's list of labels."""

import torch
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        if isinstance(labels, list):
            labels.sort()
        labels = torch.as_tensor(labels)
        self.members = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.samples_per_class = samples_per_class or max(len(m) for m in self.members)
        self.generator = generator

    def __len__(self):
        return len(self.members) * self.samples_per_class

    def __iter__(self):
        indices = torch.cat([self.draw(members) for members in self.members])
        yield from indices[self.shuffled(len(indices))].tolist()

    def draw(self, members):
        """As many whole shuffled rounds of a class as are needed, the last one cut short."""
        rounds = -(-self.samples_per_class // len(members))  # rounded up
        drawn = torch.cat([members[self.shuffled(len(members))] for _ in range(rounds)])
        return drawn[: self.samples_per_class]

    def shuffled(self, n):
        return torch.randperm(n, generator=self.generator)
