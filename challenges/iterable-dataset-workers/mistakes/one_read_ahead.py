"""Reads one item ahead, to know when the stream ends."""

from itertools import islice

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        end = object()
        own = islice(self.make_stream(), worker, None, workers)
        item = next(own, end)
        while item is not end:
            following = next(own, end)
            yield self.transform(item) if self.transform is not None else item
            item = following
