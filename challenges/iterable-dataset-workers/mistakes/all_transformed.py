"""Transforms every item of the stream, and then takes its share."""

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
        if self.transform is not None:
            stream = map(self.transform, stream)
        yield from islice(stream, worker, None, workers)
