from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Sampler


class BalancedSampler(Sampler[int]):
    """Lists by class; everybody comes floor(n / size) times, and a random few once more."""

    def __init__(
        self,
        labels: Sequence[int] | Tensor,
        samples_per_class: int | None = None,
        generator: torch.Generator | None = None,
    ):
        self._by_class: dict[int, list[int]] = defaultdict(list)
        for index, label in enumerate(labels):
            self._by_class[int(label)].append(index)
        self._each = samples_per_class
        if self._each is None:
            self._each = max(map(len, self._by_class.values()))
        self._generator = generator

    def __len__(self) -> int:
        return self._each * len(self._by_class)

    def _shuffle(self, items: list[int]) -> list[int]:
        return [items[i] for i in torch.randperm(len(items), generator=self._generator).tolist()]

    def __iter__(self) -> Iterator[int]:
        chosen: list[int] = []
        for members in self._by_class.values():
            times, rest = divmod(self._each, len(members))
            chosen += members * times + self._shuffle(members)[:rest]
        return iter(self._shuffle(chosen))
