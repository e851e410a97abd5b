"""Keeps all items after the first pass."""

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform
        self.items = []

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        if not self.items:
            self.items = list(self.make_stream())
        for item in self.items[worker::workers]:
            yield self.transform(item) if self.transform is not None else item
