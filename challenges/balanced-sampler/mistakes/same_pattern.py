"""Has one order of the classes for all passes."""

import torch
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(self, labels, samples_per_class=None, generator=None):
        labels = torch.as_tensor(labels)
        self.members = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.each = samples_per_class or max(len(members) for members in self.members)
        self.generator = generator
        self.pattern = torch.randperm(len(self), generator=generator)

    def __len__(self):
        return len(self.members) * self.each

    def __iter__(self):
        columns = []
        for members in self.members:
            times = -(-self.each // len(members))
            rounds = [
                members[torch.randperm(len(members), generator=self.generator)]
                for _ in range(times)
            ]
            columns.append(torch.cat(rounds)[: self.each])
        return iter(torch.cat(columns)[self.pattern].tolist())
