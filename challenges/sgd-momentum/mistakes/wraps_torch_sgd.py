"""Hands everything to torch.optim.SGD."""
import torch


class SGD:
    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        self.inner = torch.optim.SGD(params, lr, momentum, dampening, weight_decay, nesterov)

    def step(self):
        self.inner.step()

    def zero_grad(self):
        self.inner.zero_grad()
