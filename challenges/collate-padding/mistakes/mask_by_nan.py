"""Pads with NaN, and takes whatever is not NaN for data."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    marked = pad_sequence([s.double() for s in sequences], batch_first=True, padding_value=float("nan"))
    mask = ~marked.flatten(2).isnan().any(-1) if marked.ndim > 2 else ~marked.isnan()
    padded = pad_sequence(sequences, batch_first=True, padding_value=padding_value)
    labels = torch.tensor([label for _, label in batch])
    return padded, lengths, mask, labels
