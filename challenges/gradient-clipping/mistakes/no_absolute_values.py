"""Takes powers without absolute values, which the 2-norm forgives."""

import torch


def clip_grad_norm_(parameters, max_norm, norm_type=2.0):
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    if norm_type == float("inf"):
        total_norm = torch.stack([g.max() for g in grads]).max()
    else:
        total_norm = sum((g**norm_type).sum() for g in grads) ** (1 / norm_type)
    if total_norm > max_norm:
        for g in grads:
            g.mul_(max_norm / total_norm)
    return total_norm
