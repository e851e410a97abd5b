"""Shuffles the whole rounds, and appends what is left over class by class."""

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
        whole, left_over = [], []
        for members in self.members:
            times, rest = divmod(self.each, len(members))
            whole += members.tolist() * times
            left_over += members[torch.randperm(len(members), generator=self.generator)[:rest]].tolist()
        order = torch.randperm(len(whole), generator=self.generator)
        return iter([whole[i] for i in order.tolist()] + left_over)
