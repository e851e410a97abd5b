"""Takes the pairs out of the caller's list."""

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_collate(batch, padding_value=0.0):
    sequences, labels = [], []
    while batch:
        sequence, label = batch.pop(0)
        sequences.append(sequence)
        labels.append(label)
    labels = torch.tensor(labels)
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    padded = pad_sequence(sequences, batch_first=True, padding_value=padding_value)
    mask = torch.arange(padded.shape[1]) < lengths[:, None]
    return padded, lengths, mask, labels
