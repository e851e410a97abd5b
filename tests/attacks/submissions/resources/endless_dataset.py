"""A Dataset whose items never end, read by workers."""

import torch
from torch.utils.data import DataLoader, IterableDataset


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield torch.zeros(1)


def answer(x):
    for batch in DataLoader(Endless(), batch_size=4, num_workers=2):
        x = x + batch.sum()
    return x
