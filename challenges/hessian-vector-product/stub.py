from collections.abc import Callable

import torch


def hvp(
    f: Callable[..., torch.Tensor],
    inputs: torch.Tensor | tuple[torch.Tensor, ...],
    vectors: torch.Tensor | tuple[torch.Tensor, ...],
) -> torch.Tensor | tuple[torch.Tensor, ...]:
    # f(*inputs): (); vectors and result: the form and shapes of inputs
    raise NotImplementedError
