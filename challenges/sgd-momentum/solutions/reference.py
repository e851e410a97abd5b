from collections.abc import Iterable

import torch


class SGD:
    """torch.optim.SGD: weight decay enters the gradient, and the buffer is a sum of gradients."""

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
                    buf = self.momentum * self.buffers[p] + (1 - self.dampening) * g
                else:
                    buf = g
                self.buffers[p] = buf
                d = g + self.momentum * buf if self.nesterov else buf
            p -= self.lr * d

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None
