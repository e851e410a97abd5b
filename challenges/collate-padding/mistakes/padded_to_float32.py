"""Allocates with torch.full and its default dtype."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    shape = (len(batch), int(lengths.max()), *sequences[0].shape[1:])
    padded = torch.full(shape, float(padding_value))
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    return padded, lengths, mask, labels
