import torch
from torch.optim import Optimizer


class Adam(Optimizer):
    """On torch's own base class, which brings parameter groups, state_dict and zero_grad."""

    decoupled = False

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(
                        p, self.state[p], **{k: v for k, v in group.items() if k in self.defaults}
                    )

    def update(self, p, state, lr, betas, eps, weight_decay):
        if not state:
            state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
        state["step"] += 1
        g = p.grad.clone()
        if self.decoupled:
            p.sub_(p, alpha=lr * weight_decay)
        else:
            g += weight_decay * p
        hats = []
        for name, beta, moment in (("exp_avg", betas[0], g), ("exp_avg_sq", betas[1], g * g)):
            state[name] += (1 - beta) * (moment - state[name])
            hats.append(state[name] / (1 - beta ** state["step"]))
        p.sub_(lr * hats[0] / (hats[1] ** 0.5 + eps))


class AdamW(Adam):
    decoupled = True

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps, weight_decay)
