from collections.abc import Callable

import torch


def hvp(
    f: Callable[..., torch.Tensor],
    inputs: torch.Tensor | tuple[torch.Tensor, ...],
    vectors: torch.Tensor | tuple[torch.Tensor, ...],
) -> torch.Tensor | tuple[torch.Tensor, ...]:
    """The second call to grad takes v as grad_outputs, which is the same as a dot product."""
    many = isinstance(inputs, tuple)
    xs, vs = (inputs, vectors) if many else ((inputs,), (vectors,))
    products = [torch.zeros_like(x) for x in xs]
    with torch.enable_grad():
        leaves = tuple(x.clone().detach().requires_grad_(True) for x in xs)
        y = f(*leaves)
        first = torch.autograd.grad(y, leaves, create_graph=True, allow_unused=True) if y.requires_grad else ()
    curved = [(g, v) for g, v in zip(first, vs) if g is not None and g.requires_grad]
    if curved:
        outputs, weights = zip(*curved)
        second = torch.autograd.grad(outputs, leaves, grad_outputs=weights, allow_unused=True)
        products = [p if s is None else s for p, s in zip(products, second)]
    return tuple(products) if many else products[0]
