"""Writes the gradient by index, so that of a repeated row only one counts."""
import torch
from torch import nn


class Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, indices, padding_idx):
        ctx.save_for_backward(indices, weight)
        ctx.padding_idx = padding_idx
        return weight[indices]

    @staticmethod
    def backward(ctx, grad):
        indices, weight = ctx.saved_tensors
        table = torch.zeros_like(weight)
        table[indices] += grad
        if ctx.padding_idx is not None:
            table[ctx.padding_idx] = 0
        return table, None, None


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        super().__init__()
        self.padding_idx = padding_idx
        self.weight = nn.Parameter(torch.randn(num_embeddings, embedding_dim))
        if padding_idx is not None:
            self.weight.data[padding_idx] = 0

    def forward(self, indices):
        return Lookup.apply(self.weight, indices, self.padding_idx)
