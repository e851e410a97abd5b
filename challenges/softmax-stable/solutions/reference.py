import torch


def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    """exp(x) over its sum along dim, shifted so that the largest exponent is exp(0)."""
    z = x - x.amax(dim, keepdim=True)
    e = z.exp()
    return e / e.sum(dim, keepdim=True)
