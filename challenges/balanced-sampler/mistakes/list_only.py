"""Compares a list's elements by ==, and a tensor's as dictionary keys, which are all different."""

import torch
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        by_class = {}
        for index, label in enumerate(labels):
            by_class.setdefault(label, []).append(index)
        self.members = [torch.tensor(members) for members in by_class.values()]
        self.each = samples_per_class or max(len(members) for members in self.members)
        self.generator = generator

    def __len__(self):
        return len(self.members) * self.each

    def __iter__(self):
        drawn = []
        for members in self.members:
            times, rest = divmod(self.each, len(members))
            order = torch.randperm(len(members), generator=self.generator)
            drawn += members.tolist() * times + members[order[:rest]].tolist()
        order = torch.randperm(len(drawn), generator=self.generator)
        return iter([drawn[i] for i in order.tolist()])
