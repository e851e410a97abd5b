"""One row at a time."""
import torch


def pairwise_distances(x, y):
    return torch.stack([torch.linalg.vector_norm(row - y, dim=-1) for row in x])
