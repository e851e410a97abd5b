"""Skips with next(), which raises at the end of the stream."""

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        stream = iter(self.make_stream())
        for _ in range(worker):
            next(stream)
        for item in stream:
            yield self.transform(item) if self.transform is not None else item
            for _ in range(workers - 1):
                next(stream, None)
