import torch


def layer_norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    dims = tuple(range(-weight.ndim, 0))  # (-1,) for a weight of shape (D,)
    mean = x.mean(dims, keepdim=True)  # (*, 1)
    centred = x - mean
    var = centred.square().mean(dims, keepdim=True)  # biased: divided by n
    return centred * torch.rsqrt(var + eps) * weight + bias
