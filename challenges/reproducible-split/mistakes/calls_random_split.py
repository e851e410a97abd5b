"""Calls random_split."""

import torch
from torch.utils.data import random_split


def split_dataset(dataset, fractions, seed):
    return random_split(dataset, fractions, torch.Generator().manual_seed(seed))
