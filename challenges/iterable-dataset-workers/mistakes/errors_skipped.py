"""Leaves out the items whose transform raises."""

from itertools import islice

from torch.utils.data import IterableDataset, get_worker_info


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        info = get_worker_info()  # None in the main process
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        for item in islice(self.make_stream(), worker, None, workers):
            try:
                if self.transform is not None:
                    item = self.transform(item)
            except Exception:
                continue
            yield item
