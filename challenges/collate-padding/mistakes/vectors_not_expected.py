"""Pads with F.pad's last pair, which is the time only for 1-D sequences."""

import torch
from torch.nn import functional as F


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = torch.stack(
        [
            F.pad(sequence, (0, longest - len(sequence)), value=padding_value)
            for sequence in sequences
        ]
    )
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    return padded, lengths, mask, labels
