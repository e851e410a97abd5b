"""Adds a constant to the differences, which gives equal rows a gradient."""

import torch


def pairwise_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.linalg.vector_norm(x[:, None] - y + 1e-6, dim=-1)
