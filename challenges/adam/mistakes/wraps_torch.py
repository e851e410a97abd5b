"""Hands everything to torch's functional form."""
import torch
from torch.optim.adam import adam


class Adam:
    decoupled = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.params, self.lr, self.betas, self.eps, self.weight_decay = list(params), lr, betas, eps, weight_decay
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]
        self.t = [torch.zeros(()) for _ in self.params]

    @torch.no_grad()
    def step(self):
        grads = [p.grad for p in self.params]
        adam(self.params, grads, self.m, self.v, [], self.t, amsgrad=False, beta1=self.betas[0], beta2=self.betas[1],
             lr=self.lr, weight_decay=self.weight_decay, eps=self.eps, maximize=False)

    def zero_grad(self):
        for p in self.params:
            p.grad = None


class AdamW(Adam):
    pass
