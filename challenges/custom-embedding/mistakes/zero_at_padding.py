"""Sets the output at padding to zero instead of stopping the gradient."""
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
        rows = self.weight[indices]
        if self.padding_idx is not None:
            padding = (indices == self.padding_idx).unsqueeze(-1)
            rows = rows * ~padding
        return rows
