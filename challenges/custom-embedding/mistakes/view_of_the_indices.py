"""Flattens the indices with view, which only contiguous memory allows."""

import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        super().__init__()
        if padding_idx is not None:
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        table = torch.randn(num_embeddings, embedding_dim)
        if padding_idx is not None:
            table[padding_idx] = 0
        self.weight = nn.Parameter(table)

    def forward(self, indices):
        rows = self.weight[indices.view(-1)].view(*indices.shape, -1)
        if self.padding_idx is not None:
            rows = torch.where((indices == self.padding_idx).unsqueeze(-1), rows.detach(), rows)
        return rows
