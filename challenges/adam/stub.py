from collections.abc import Iterable

import torch


class Adam:
    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        raise NotImplementedError

    def step(self) -> None:
        # updates every parameter that has a gradient, in place; weight decay enters the gradient
        raise NotImplementedError

    def zero_grad(self) -> None:
        raise NotImplementedError


class AdamW:
    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        raise NotImplementedError

    def step(self) -> None:
        # as in Adam, but weight decay shrinks the parameter directly
        raise NotImplementedError

    def zero_grad(self) -> None:
        raise NotImplementedError
