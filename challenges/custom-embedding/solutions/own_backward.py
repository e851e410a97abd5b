import torch
from torch import nn


class _Lookup(torch.autograd.Function):
    """The backward pass of a lookup is a scatter-add, which leaves out the padding row."""

    @staticmethod
    def forward(ctx, weight, indices, padding_idx):
        ctx.save_for_backward(indices)
        ctx.padding_idx, ctx.shape = padding_idx, weight.shape
        return weight.index_select(0, indices.reshape(-1)).reshape(*indices.shape, -1)

    @staticmethod
    def backward(ctx, grad):
        (indices,) = ctx.saved_tensors
        table = grad.new_zeros(ctx.shape)
        table.index_add_(0, indices.reshape(-1), grad.reshape(-1, ctx.shape[1]))
        if ctx.padding_idx is not None:
            table[ctx.padding_idx] = 0
        return table, None, None


class Embedding(nn.Module):
    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None):
        super().__init__()
        self._padding_idx = padding_idx
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        nn.init.normal_(self.weight)
        if padding_idx is not None:
            nn.init.zeros_(self.weight[padding_idx])

    def forward(self, indices: torch.Tensor) -> torch.Tensor:
        if indices.numel() == 0:  # reshape(*, -1) cannot tell the size of nothing
            return self.weight.new_zeros(*indices.shape, self.weight.shape[1])
        return _Lookup.apply(self.weight, indices, self._padding_idx)
