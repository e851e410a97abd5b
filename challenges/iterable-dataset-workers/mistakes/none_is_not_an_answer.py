"""Falls back to the item where the transform gives None."""

from itertools import islice

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        for item in islice(self.make_stream(), worker, None, workers):
            new = self.transform(item) if self.transform is not None else None
            yield item if new is None else new
