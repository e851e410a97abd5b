import torch
from torch import nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None):
        super().__init__()
        # weight: (num_embeddings, embedding_dim)
        raise NotImplementedError

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        # indices: (*), int64 -> (*, embedding_dim)
        raise NotImplementedError
