"""Takes the largest of the parameters' norms for that of all together."""

import torch


def clip_grad_norm_(parameters, max_norm, norm_type=2.0):
    if isinstance(parameters, torch.Tensor):
        parameters = [parameters]
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    norms = torch.stack([torch.linalg.vector_norm(g, norm_type) for g in gradients])
    total_norm = norms.max()
    if total_norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / total_norm)
    return total_norm
