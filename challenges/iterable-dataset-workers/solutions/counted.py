from collections.abc import Callable, Iterator
from typing import Any

import torch.utils.data
from torch.utils.data import IterableDataset


class StreamDataset(IterableDataset):
    """Counts the items, keeps its own, and lets map call the transform one item at a time."""

    def __init__(
        self,
        make_stream: Callable[[], Iterator[Any]],
        transform: Callable[[Any], Any] | None = None,
    ):
        super().__init__()
        self._make_stream = make_stream
        self._transform = transform

    def __iter__(self) -> Iterator[Any]:
        own = self._own_items()
        return own if self._transform is None else map(self._transform, own)

    def _own_items(self) -> Iterator[Any]:
        info = torch.utils.data.get_worker_info()
        for number, item in enumerate(self._make_stream()):
            if info is None or number % info.num_workers == info.id:
                yield item
