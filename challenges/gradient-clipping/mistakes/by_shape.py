"""Keeps one gradient for each shape."""

import torch


def clip_grad_norm_(parameters, max_norm, norm_type=2.0):
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    gradients = list({p.shape: p.grad for p in parameters if p.grad is not None}.values())
    if not gradients:
        return torch.tensor(0.0)
    norms = torch.stack([torch.linalg.vector_norm(g, norm_type) for g in gradients])
    total_norm = torch.linalg.vector_norm(norms, norm_type)
    if total_norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / total_norm)
    return total_norm
