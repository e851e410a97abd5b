"""Takes the rest of a class from a random start on, so that neighbours come together."""

import torch
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        labels = torch.as_tensor(labels)
        self.members = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.each = samples_per_class or max(len(members) for members in self.members)
        self.generator = generator

    def __len__(self):
        return len(self.members) * self.each

    def __iter__(self):
        drawn = []
        for members in self.members:
            times, rest = divmod(self.each, len(members))
            start = int(torch.randint(len(members), (1,), generator=self.generator))
            drawn += members.tolist() * times + members.roll(-start)[:rest].tolist()
        order = torch.randperm(len(drawn), generator=self.generator)
        return iter([drawn[i] for i in order.tolist()])
