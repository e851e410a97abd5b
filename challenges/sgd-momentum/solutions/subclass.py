import torch
from torch.optim import Optimizer


class SGD(Optimizer):
    """On torch's own base class, which brings parameter groups, state_dict and zero_grad."""

    def __init__(
        self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
    ):
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in filter(lambda p: p.grad is not None, group["params"]):
                state = self.state[p]
                d = g = torch.add(p.grad, p, alpha=group["weight_decay"])
                if group["momentum"] != 0:
                    first = "momentum_buffer" not in state
                    buf = state.setdefault("momentum_buffer", torch.zeros_like(p))
                    buf.mul_(group["momentum"])
                    buf.add_(g, alpha=1 if first else 1 - group["dampening"])
                    d = g + group["momentum"] * buf if group["nesterov"] else buf
                p.sub_(group["lr"] * d)
