import torch


def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Moves dim to the end, works on rows, and moves it back."""
    rows = x.movedim(dim, -1)
    e = torch.exp(rows - rows.max(-1)[0][..., None])
    p = torch.div(e, torch.einsum("...i->...", e)[..., None])
    return p.movedim(-1, dim)
