import torch


class SGD:
    """Touches no more memory than it needs: the buffers are updated where they are."""

    def __init__(
        self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False
    ):
        self._slots = [[p, None] for p in params]
        self._hyper = (lr, momentum, dampening, weight_decay, nesterov)

    def step(self):
        lr, momentum, dampening, weight_decay, nesterov = self._hyper
        with torch.no_grad():
            for slot in self._slots:
                p, buffer = slot
                if p.grad is None:
                    continue
                d = p.grad.add(p, alpha=weight_decay) if weight_decay else p.grad
                if momentum:
                    if buffer is None:
                        buffer = slot[1] = d.clone()  # never the gradient itself
                    else:
                        buffer.mul_(momentum).add_(d, alpha=1 - dampening)
                    d = d.add(buffer, alpha=momentum) if nesterov else buffer
                p.add_(d, alpha=-lr)

    def zero_grad(self):
        for p, _ in self._slots:
            if p.grad is not None:
                p.grad = torch.zeros_like(p.grad)
