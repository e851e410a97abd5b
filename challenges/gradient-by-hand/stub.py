from collections.abc import Callable, Iterable

import torch


def derivative(f: Callable[[torch.Tensor], torch.Tensor], x: float) -> float:
    raise NotImplementedError


def gradient(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    # f(x): () -> the shape of x
    raise NotImplementedError


def vector_jacobian(f: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    # f(x) and v of one shape -> the shape of x
    raise NotImplementedError


def accumulated_gradient(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], weight: torch.Tensor, batches: Iterable[torch.Tensor]
) -> torch.Tensor:
    # loss(weight, batch): () -> the shape of weight
    raise NotImplementedError
