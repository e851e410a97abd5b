"""Squeezes, so that a batch of 1 loses its first dimension."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    padded = pad_sequence(sequences, batch_first=True, padding_value=padding_value).squeeze(0)
    mask = torch.arange(lengths.max()) < lengths[:, None]
    return padded, lengths, mask, labels
