import torch


def pairwise_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """|a - b|² = |a|² + |b|² - 2 a·b: one matrix product, and nothing of size N * M * D."""
    squared = x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T  # (N, 1) + (M,) - (N, M)
    # Rounding may leave a little less than 0, and the root has no slope at 0: clamp settles both.
    return squared.clamp_min(1e-12).sqrt()
