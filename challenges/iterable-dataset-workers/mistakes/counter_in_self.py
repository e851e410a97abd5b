"""Counts the items in self, where two passes count together."""

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        self.place = -1
        for item in self.make_stream():
            self.place += 1
            if self.place % workers == worker:
                yield item if self.transform is None else self.transform(item)
