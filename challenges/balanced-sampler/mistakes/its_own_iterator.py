"""Keeps the place in self, so a second pass starts the first again."""

import torch
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        labels = torch.as_tensor(labels)
        self.members = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.each = samples_per_class or max(len(members) for members in self.members)
        self.generator = generator
        self.index = 0
        self.order = []

    def __len__(self):
        return len(self.members) * self.each

    def draw(self):
        drawn = []
        for members in self.members:
            times, rest = divmod(self.each, len(members))
            order = torch.randperm(len(members), generator=self.generator)
            drawn += members.tolist() * times + members[order[:rest]].tolist()
        order = torch.randperm(len(drawn), generator=self.generator)
        return [drawn[i] for i in order.tolist()]

    def __iter__(self):
        self.index, self.order = 0, self.draw()
        return self

    def __next__(self):
        if self.index == len(self.order):
            raise StopIteration
        self.index += 1
        return self.order[self.index - 1]
