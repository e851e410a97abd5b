"""Switches autograd off in step() with a plain call, and leaves it off."""
import torch


class SGD:
    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        self.params = list(params)
        self.lr = lr
        self.momentum = momentum
        self.dampening = dampening
        self.weight_decay = weight_decay
        self.nesterov = nesterov
        self.buffers = [None] * len(self.params)

    def step(self):
        torch.set_grad_enabled(False)
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad
            if self.weight_decay != 0:
                g = g + self.weight_decay * p
            if self.buffers[i] is None:
                self.buffers[i] = g.clone()
            else:
                self.buffers[i] = self.momentum * self.buffers[i] + (1 - self.dampening) * g
            buf = self.buffers[i]
            d = g + self.momentum * buf if self.nesterov else buf
            p.sub_(self.lr * d)

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()
