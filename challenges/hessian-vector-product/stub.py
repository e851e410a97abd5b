from collections.abc import Callable

import torch

Tensors = torch.Tensor | tuple[torch.Tensor, ...]


def hvp(f: Callable[..., torch.Tensor], inputs: Tensors, vectors: Tensors) -> Tensors:
    # f(*inputs): (); vectors and result: the form and shapes of inputs
    raise NotImplementedError
