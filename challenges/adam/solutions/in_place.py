import math

import torch


def _update(p, g, slot, lr, betas, eps):
    """One step of Adam, with the moments updated where they are and the corrections folded into two numbers."""
    beta1, beta2 = betas
    slot["t"] += 1
    slot["m"].lerp_(g, 1 - beta1)
    slot["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    correction1 = 1 - beta1 ** slot["t"]
    correction2 = math.sqrt(1 - beta2 ** slot["t"])
    denominator = slot["v"].sqrt().div_(correction2).add_(eps)
    p.addcdiv_(slot["m"], denominator, value=-lr / correction1)


class _Base:
    def __init__(self, params, lr, betas, eps, weight_decay):
        self.params = tuple(params)
        self.hyper = (lr, betas, eps)
        self.weight_decay = weight_decay
        self.slots = [
            {"t": 0, "m": torch.zeros_like(p), "v": torch.zeros_like(p)} for p in self.params
        ]

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.zero_()


class Adam(_Base):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        with torch.no_grad():
            for p, slot in zip(self.params, self.slots, strict=True):
                if p.grad is not None:
                    _update(p, p.grad.add(p, alpha=self.weight_decay), slot, *self.hyper)


class AdamW(_Base):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)

    def step(self):
        with torch.no_grad():
            for p, slot in zip(self.params, self.slots, strict=True):
                if p.grad is not None:
                    p.mul_(1 - self.hyper[0] * self.weight_decay)
                    _update(p, p.grad, slot, *self.hyper)
