"""Chooses the indices when it is made, and only shuffles them in each pass."""

import torch
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        labels = torch.as_tensor(labels)
        self.members = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.each = samples_per_class or max(len(members) for members in self.members)
        self.generator = generator
        self.drawn = []
        for members in self.members:
            times, rest = divmod(self.each, len(members))
            order = torch.randperm(len(members), generator=generator)
            self.drawn += members.tolist() * times + members[order[:rest]].tolist()

    def __len__(self):
        return len(self.members) * self.each

    def __iter__(self):
        order = torch.randperm(len(self.drawn), generator=self.generator)
        return iter([self.drawn[i] for i in order.tolist()])
