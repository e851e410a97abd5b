from collections.abc import Iterable

import torch


class Adam:
    """Adam with its weight decay in the gradient."""

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        self.params = list(params)  # a generator would be used up by the first step
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.state: dict[torch.Tensor, tuple[torch.Tensor, torch.Tensor, int]] = {}

    def decayed_gradient(self, p: torch.Tensor) -> torch.Tensor:
        return p.grad + self.weight_decay * p

    @torch.no_grad()
    def step(self) -> None:
        beta1, beta2 = self.betas
        for p in self.params:
            if p.grad is None:
                continue
            g = self.decayed_gradient(p)
            m, v, t = self.state.get(p, (torch.zeros_like(p), torch.zeros_like(p), 0))
            t = t + 1
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g.square()
            self.state[p] = m, v, t
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            p -= self.lr * m_hat / (v_hat.sqrt() + self.eps)

    def zero_grad(self) -> None:
        for p in self.params:
            p.grad = None


class AdamW(Adam):
    """Adam with decoupled weight decay: the parameter shrinks, the gradient stays clean."""

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        super().__init__(params, lr, betas, eps, weight_decay)

    def decayed_gradient(self, p: torch.Tensor) -> torch.Tensor:
        p *= 1 - self.lr * self.weight_decay
        return p.grad
