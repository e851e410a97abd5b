import torch


def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    # x: any shape -> the same shape, dtype and device; sums to one along dim
    raise NotImplementedError
