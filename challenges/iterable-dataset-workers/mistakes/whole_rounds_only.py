"""Takes rounds of n items with zip, which drops the last one if it is not whole."""

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        for turn in zip(*[self.make_stream()] * workers, strict=False):
            item = turn[worker]
            yield self.transform(item) if self.transform is not None else item
