"""Remembers the longest sequence it has seen."""

import torch
from torch.nn.utils.rnn import pad_sequence


longest = 0


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    global longest
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = max(longest, int(lengths.max()))
    first = sequences[0]
    padded = first.new_full((len(batch), longest, *first.shape[1:]), padding_value)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    return padded, lengths, mask, labels
