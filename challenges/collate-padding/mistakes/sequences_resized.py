"""Grows the caller's tensors in place."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    for sequence, length in zip(sequences, lengths.tolist(), strict=True):
        sequence.resize_(longest, *sequence.shape[1:])
        sequence[length:] = padding_value
    padded = torch.stack(sequences)
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    return padded, lengths, mask, labels
