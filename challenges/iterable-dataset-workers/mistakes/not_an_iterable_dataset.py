"""Subclasses nothing: DataLoader takes it for a map-style dataset."""

from itertools import islice

from torch.utils.data import get_worker_info


class StreamDataset:
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        for item in islice(self.make_stream(), worker, None, workers):
            yield self.transform(item) if self.transform is not None else item
