"""Skips a parameter whose gradient is all zeros, as if it had none."""

import torch


class Adam:
    decoupled = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.params = list(params)
        self.lr, self.betas, self.eps, self.wd = lr, betas, eps, weight_decay
        self.state = {}

    @torch.no_grad()
    def step(self):
        b1, b2 = self.betas
        for p in self.params:
            if p.grad is None or not p.grad.any():
                continue
            g = p.grad
            if self.decoupled:
                p.mul_(1 - self.lr * self.wd)
            else:
                g = g + self.wd * p
            m, v, t = self.state.get(p, (torch.zeros_like(p), torch.zeros_like(p), 0))
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            t += 1
            self.state[p] = (m, v, t)
            p -= self.lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + self.eps)

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
