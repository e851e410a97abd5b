import torch


def arange(start, end, step=1, *, dtype=None, device=None) -> torch.Tensor:
    # -> (n,), without end
    raise NotImplementedError


def linspace(start, end, steps: int, *, dtype=None, device=None) -> torch.Tensor:
    # -> (steps,), both ends included
    raise NotImplementedError


def eye(n: int, m: int | None = None, *, dtype=None, device=None) -> torch.Tensor:
    # -> (n, m), or (n, n)
    raise NotImplementedError


def one_hot(labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    # labels: (...) of int64 -> (..., num_classes) of int64
    raise NotImplementedError


def count_like(x: torch.Tensor) -> torch.Tensor:
    # -> shape, dtype and device of x; 0, 1, 2, ... along the last dimension
    raise NotImplementedError
