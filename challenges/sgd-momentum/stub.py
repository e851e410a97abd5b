from collections.abc import Iterable

import torch


class SGD:
    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        raise NotImplementedError

    def step(self) -> None:
        # updates every parameter that has a gradient, in place
        raise NotImplementedError

    def zero_grad(self) -> None:
        raise NotImplementedError
