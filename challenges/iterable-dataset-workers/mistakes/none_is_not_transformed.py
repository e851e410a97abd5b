"""Leaves None as it is, where the transform may want to see it."""

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        for place, item in enumerate(self.make_stream()):
            if place % workers == worker:
                if self.transform is not None and item is not None:
                    item = self.transform(item)
                yield item
