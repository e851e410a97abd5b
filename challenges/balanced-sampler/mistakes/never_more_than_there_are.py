"""Takes at most as many as a class has."""

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
            order = torch.randperm(len(members), generator=self.generator)
            times = -(-max(len(m) for m in self.members) // len(members))
            drawn += (members[order].tolist() * times)[: self.each]
        order = torch.randperm(len(drawn), generator=self.generator)
        return iter([drawn[i] for i in order.tolist()])
