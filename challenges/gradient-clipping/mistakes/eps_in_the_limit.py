"""Adds 1e-6 to the limit, so that gradients below it shrink."""

import torch


def clip_grad_norm_(parameters, max_norm, norm_type=2.0):
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    if norm_type == float("inf"):
        total = max(g.detach().abs().max() for g in grads)
    else:
        total = torch.stack([g.detach().abs().pow(norm_type).sum() for g in grads]).sum() ** (
            1.0 / norm_type
        )
    coef = max_norm / max(float(total), max_norm + 1e-6)
    for g in grads:
        g.mul_(coef)
    return total
