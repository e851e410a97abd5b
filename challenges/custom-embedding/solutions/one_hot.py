import torch
from torch import nn
from torch.nn import functional as F


class Embedding(nn.Module):
    """The lookup as the matrix product it stands for. It shows where the gradients go, and costs a table for each token."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None):
        super().__init__()
        table = torch.randn(num_embeddings, embedding_dim)
        trained = torch.ones(num_embeddings, 1, dtype=torch.bool)
        if padding_idx is not None:
            table[padding_idx] = 0
            trained[padding_idx] = False
        self.weight = nn.Parameter(table)
        self.register_buffer("_trained", trained, persistent=False)

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        table = torch.where(self._trained, self.weight, self.weight.detach())  # (V, D)
        return F.one_hot(indices, len(table)).to(table.dtype) @ table  # (*, V) @ (V, D)
