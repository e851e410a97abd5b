from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Sampler


class BalancedSampler(Sampler):
    def __init__(
        self,
        labels: Sequence[int] | Tensor,  # the class of each sample
        samples_per_class: int | None = None,  # None: the size of the largest class
        generator: torch.Generator | None = None,
    ):
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        raise NotImplementedError
