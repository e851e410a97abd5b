from collections.abc import Sequence

from torch.utils.data import Dataset, Subset


def split_dataset(
    dataset: Dataset,  # map-style: has a length, and items by index
    fractions: Sequence[float],  # not negative, sum to 1
    seed: int,
) -> list[Subset]:
    # part i has floor(len(dataset) * fractions[i]) items, the first parts one more
    raise NotImplementedError
