from collections.abc import Iterable

import torch
from torch import Tensor


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor, max_norm: float, norm_type: float = 2.0
) -> Tensor | float:
    # changes each .grad in place; returns the total norm before that, a scalar
    raise NotImplementedError
