"""Multiplies by the mask and adds the padding value: 0 times infinity is NaN."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    labels = torch.tensor([label for _, label in batch])
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    padded = pad_sequence(sequences, batch_first=True, padding_value=1)
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    real = mask.view(*mask.shape, *[1] * (padded.ndim - 2)).to(padded.dtype)
    padded = padded * real + padding_value * (1 - real)
    return padded, lengths, mask, labels
