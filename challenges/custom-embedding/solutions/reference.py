import torch
from torch import nn


class Embedding(nn.Module):
    """Rows of a table, by index; autograd adds up the gradients of a row that is used twice."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None):
        super().__init__()
        if padding_idx is not None and padding_idx < 0:
            padding_idx += num_embeddings
        self.padding_idx = padding_idx
        self.weight = nn.Parameter(torch.randn(num_embeddings, embedding_dim))
        if padding_idx is not None:  # not `if padding_idx`: 0 is the usual one
            with torch.no_grad():
                self.weight[padding_idx] = 0

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        rows = self.weight[indices]  # (*, embedding_dim)
        if self.padding_idx is None:
            return rows
        padding = (indices == self.padding_idx).unsqueeze(-1)  # (*, 1)
        return torch.where(padding, rows.detach(), rows)
