"""Flattens the features with view, which a permuted input does not allow."""

import torch


def batch_standardize(x: torch.Tensor, eps: float = 1e-5, unbiased: bool = False) -> torch.Tensor:
    n = len(x)
    if unbiased and n == 1:
        raise ValueError("the unbiased variance of a single row does not exist")
    flat = x.view(n, -1)
    centred = flat - flat.mean(0)
    variance = centred.square().sum(0) / (n - unbiased)
    return (centred / torch.sqrt(variance + eps)).view(x.shape)
