import torch


def pairwise_distances(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The inner where keeps 0 away from the root, the outer one puts the distance of 0 back."""
    squared = (x.unsqueeze(1) - y).pow(2).sum(-1)  # (N, M)
    zero = squared == 0
    safe = torch.where(zero, torch.ones_like(squared), squared)
    return torch.where(zero, torch.zeros_like(squared), safe.sqrt())
