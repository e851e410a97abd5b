import random
from collections.abc import Sequence
from itertools import accumulate, pairwise

from torch.utils.data import Dataset, Subset


def split_dataset(dataset: Dataset, fractions: Sequence[float], seed: int) -> list[Subset]:
    """A Random object of its own, and the parts as slices between running sums."""
    if any(fraction < 0 for fraction in fractions) or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError("fractions must not be negative, and must sum to 1")
    indices = list(range(len(dataset)))
    random.Random(seed).shuffle(indices)

    lengths = [int(len(indices) * fraction) for fraction in fractions]
    left_over = len(indices) - sum(lengths)
    lengths = [length + (part < left_over) for part, length in enumerate(lengths)]
    ends = accumulate(lengths, initial=0)
    return [Subset(dataset, indices[start:end]) for start, end in pairwise(ends)]
