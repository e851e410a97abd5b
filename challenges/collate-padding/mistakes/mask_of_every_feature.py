"""Gives a mask of the padded tensor's shape."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    padded = pad_sequence(sequences, batch_first=True, padding_value=padding_value)
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    mask = mask.view(*mask.shape, *[1] * (padded.ndim - 2)).expand_as(padded)
    return padded, lengths, mask, labels
