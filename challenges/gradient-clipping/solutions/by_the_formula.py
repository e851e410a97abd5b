import math
from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor, max_norm: float, norm_type: float = 2.0
) -> Tensor:
    """No branch on the norm: a GPU would have to be waited for. The factor is 1 where nothing is to be clipped."""
    tensors = (parameters,) if isinstance(parameters, Tensor) else tuple(parameters)
    gradients = [t.grad for t in tensors if t.grad is not None]
    if not gradients:
        return torch.zeros(())
    sizes = [g.abs() for g in gradients]
    if math.isinf(norm_type):
        total = torch.stack([size.max() for size in sizes]).max()
    else:
        total = sum((size**norm_type).sum() for size in sizes) ** (1 / norm_type)
    factor = torch.clamp(max_norm / (total + 1e-6), max=1.0)
    for gradient in gradients:
        gradient *= factor
    return total
