"""Stops the padding row's gradient when the layer is built, so that later changes of weight are not seen."""
import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        super().__init__()
        if padding_idx is not None and padding_idx < 0:
            padding_idx = num_embeddings + padding_idx
        self.padding_idx = padding_idx
        self.weight = nn.Parameter(torch.randn(num_embeddings, embedding_dim))
        if padding_idx is not None:
            self.weight.data[padding_idx] = 0
        self.rows = list(self.weight.unbind())
        if padding_idx is not None:
            self.rows[padding_idx] = self.rows[padding_idx].detach()
        self.table = torch.stack(self.rows)

    def forward(self, indices):
        rows = self.table[indices]
        return rows
