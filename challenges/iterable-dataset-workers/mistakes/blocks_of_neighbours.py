"""Splits the stream into one block for each worker."""

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        items = list(self.make_stream())
        size = -(-len(items) // workers)
        for item in items[worker * size : (worker + 1) * size]:
            yield self.transform(item) if self.transform is not None else item
