"""Scales a flattened gradient, which is a copy where the gradient is not contiguous."""

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
    if total > max_norm:
        for g in grads:
            g.detach().reshape(-1).mul_(max_norm / (total + 1e-6))
    return total
