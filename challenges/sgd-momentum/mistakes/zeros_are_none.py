"""Skips a parameter whose gradient is all zeros, as if it had none."""

import torch


class SGD:
    def __init__(
        self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
    ):
        self.params = list(params)
        self.lr, self.momentum, self.dampening = lr, momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self.buffers = {}

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is None or not p.grad.any():
                continue
            d = p.grad + self.weight_decay * p
            if self.momentum:
                if p in self.buffers:
                    self.buffers[p].mul_(self.momentum).add_(d, alpha=1 - self.dampening)
                else:
                    self.buffers[p] = d.clone()
                d = d + self.momentum * self.buffers[p] if self.nesterov else self.buffers[p]
            p -= self.lr * d

    def zero_grad(self):
        for p in self.params:
            p.grad = None
