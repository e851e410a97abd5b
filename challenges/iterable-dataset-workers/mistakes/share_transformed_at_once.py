"""Transforms in blocks of 4."""

from itertools import islice

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        own = islice(self.make_stream(), worker, None, workers)
        if self.transform is None:
            yield from own
            return
        while block := list(islice(own, 4)):
            yield from [self.transform(item) for item in block]
