"""Reads a round of n items before it gives its own."""

from itertools import islice

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        stream = self.make_stream()
        while turn := list(islice(stream, workers)):
            if worker >= len(turn):
                return
            item = turn[worker]
            yield self.transform(item) if self.transform is not None else item
