"""Squeezes what pad_sequence gives, and with it features of size 1."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    lengths = torch.tensor([len(sequence) for sequence in sequences])  # (B,)
    padded = pad_sequence(sequences, batch_first=True, padding_value=padding_value)
    if padded.ndim > 2:
        padded = padded.squeeze(-1)
    mask = torch.arange(padded.shape[1]) < lengths[:, None]  # (T,) < (B, 1) -> (B, T)
    labels = torch.tensor([label for _, label in batch])  # (B,)
    return padded, lengths, mask, labels
