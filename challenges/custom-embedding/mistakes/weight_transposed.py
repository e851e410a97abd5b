"""Stores one column for each index."""
import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        super().__init__()
        if padding_idx is not None and padding_idx < 0:
            padding_idx = num_embeddings + padding_idx
        self.padding_idx = padding_idx
        self.weight = nn.Parameter(torch.randn(embedding_dim, num_embeddings))
        if padding_idx is not None:
            self.weight.data[:, padding_idx] = 0

    def forward(self, indices):
        rows = self.weight.t()[indices]
        if self.padding_idx is not None:
            padding = (indices == self.padding_idx).unsqueeze(-1)
            rows = torch.where(padding, rows.detach(), rows)
        return rows
