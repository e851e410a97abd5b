"""Replaces the padding indices in the caller's tensor, to look up something harmless there."""
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

    def forward(self, indices):
        if self.padding_idx is None:
            return self.weight[indices]
        padding = indices == self.padding_idx
        rows = self.weight[indices.masked_fill_(padding, 0)]
        rows = torch.where(padding.unsqueeze(-1), self.weight[self.padding_idx].detach(), rows)
        return rows
