"""Takes only an nn.Parameter for a single tensor."""

import torch
from torch import nn


def clip_grad_norm_(parameters, max_norm, norm_type=2.0):
    if isinstance(parameters, nn.Parameter):
        parameters = [parameters]
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    norms = torch.stack([torch.linalg.vector_norm(g, norm_type) for g in gradients])
    total_norm = torch.linalg.vector_norm(norms, norm_type)
    if total_norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / total_norm)
    return total_norm
