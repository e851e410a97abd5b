"""Allocates with torch.empty and fills the padding only where it is not zero."""

import torch


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    first = sequences[0]
    padded = first.new_empty(len(batch), longest, *first.shape[1:])
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
        if padding_value:
            padded[row, len(sequence) :] = padding_value
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    return padded, lengths, mask, labels
