"""Leaves dampening out where nesterov is on, since torch does not have both."""

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
        self.params = list(params)  # a generator would be used up by the first step
        self.lr = lr
        self.momentum = momentum
        self.dampening = dampening
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        self.buffers: dict[torch.Tensor, torch.Tensor] = {}

    @torch.no_grad()
    def step(self) -> None:
        for p in self.params:
            if p.grad is None:
                continue
            g = p.grad + self.weight_decay * p
            d = g
            if self.momentum != 0:
                if p in self.buffers:
                    buf = self.momentum * self.buffers[p] + (1 - (0 if self.nesterov else self.dampening)) * g
                else:
                    buf = g
                self.buffers[p] = buf
                d = g + self.momentum * buf if self.nesterov else buf
            p -= self.lr * d

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
