"""Remembers the worker of the first pass."""

from itertools import islice

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform
        self.share = None

    def __iter__(self):
        if self.share is None:
            info = get_worker_info()
            self.share = (0, 1) if info is None else (info.id, info.num_workers)
        worker, workers = self.share
        for item in islice(self.make_stream(), worker, None, workers):
            yield self.transform(item) if self.transform is not None else item
