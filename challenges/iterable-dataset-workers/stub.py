from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import IterableDataset


class StreamDataset(IterableDataset):
    def __init__(
        self,
        make_stream: Callable[
            [], Iterator[Any]
        ],  # a new iterator over all items, in the same order
        transform: Callable[[Any], Any] | None = None,
    ):
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        # in worker w of n: the items w, w + n, w + 2n, ...
        raise NotImplementedError
