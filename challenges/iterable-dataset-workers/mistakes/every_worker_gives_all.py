"""Knows nothing of workers."""

from torch.utils.data import IterableDataset


class StreamDataset(IterableDataset):
    def __init__(self, make_stream, transform=None):
        self.make_stream = make_stream
        self.transform = transform

    def __iter__(self):
        for item in self.make_stream():
            yield self.transform(item) if self.transform is not None else item
