import torch


def batch_standardize(x: torch.Tensor, eps: float = 1e-5, unbiased: bool = False) -> torch.Tensor:
    if unbiased and len(x) < 2:
        raise ValueError("the unbiased variance needs two rows or more")
    centred = x - x.mean(0)  # (N, ...) - (...)
    var = centred.square().sum(0) / (len(x) - unbiased)
    return centred * torch.rsqrt(var + eps)
