"""Fills an array of float64, which large whole numbers do not survive."""

import numpy as np
import torch


def pad_collate(batch, padding_value=0.0):
    sequences = [sequence for sequence, _ in batch]
    lengths = torch.tensor([len(sequence) for sequence in sequences])  # (B,)
    filled = np.full((len(batch), max(lengths), *sequences[0].shape[1:]), float(padding_value))
    for row, sequence in zip(filled, sequences):
        row[: len(sequence)] = sequence.double().numpy()
    padded = torch.from_numpy(filled).to(sequences[0].dtype)
    mask = torch.arange(padded.shape[1]) < lengths[:, None]  # (T,) < (B, 1) -> (B, T)
    labels = torch.tensor([label for _, label in batch])  # (B,)
    return padded, lengths, mask, labels
