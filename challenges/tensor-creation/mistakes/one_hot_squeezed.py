"""Squeezes the result, so that a batch of one label loses its dimension."""

import math

import torch


def arange(start, end, step=1, *, dtype=None, device=None) -> torch.Tensor:
    if step == 0:
        raise ValueError("step must not be 0")
    if dtype is None:
        dtype = torch.int64 if all(isinstance(v, int) for v in (start, end, step)) else torch.float32
    n = max(0, math.ceil((end - start) / step))
    count = torch.ones(n, dtype=dtype, device=device).cumsum(0) - 1  # 0, 1, 2, ...
    return (start + count * step).to(dtype)  # a float start or step makes floats of integers


def linspace(start, end, steps: int, *, dtype=None, device=None) -> torch.Tensor:
    dtype = dtype or torch.float32
    count = arange(0, steps, dtype=dtype, device=device)
    return (start + count * (end - start) / max(steps - 1, 1)).to(dtype)  # one step has no gap, and gives start


def eye(n: int, m: int | None = None, *, dtype=None, device=None) -> torch.Tensor:
    rows = arange(0, n, device=device).unsqueeze(1)  # (n, 1)
    columns = arange(0, n if m is None else m, device=device)  # (m,)
    return (rows == columns).to(dtype or torch.float32)


def one_hot(labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    if ((labels < 0) | (labels >= num_classes)).any():
        raise ValueError("a label is not one of the classes")
    return (labels.unsqueeze(-1) == arange(0, num_classes, device=labels.device)).long().squeeze()


def count_like(x: torch.Tensor) -> torch.Tensor:
    row = arange(0, x.shape[-1], dtype=x.dtype, device=x.device)
    return row.expand(x.shape).clone()  # clone: the rows of an expanded tensor share memory
