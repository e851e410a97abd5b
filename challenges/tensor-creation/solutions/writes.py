import torch


def index(n, device):
    """0 ... n-1: where ones are not 0."""
    return torch.cumsum(torch.ones(n, dtype=torch.long, device=device), dim=0).sub_(1)


def arange(start, end, step=1, *, dtype=None, device=None) -> torch.Tensor:
    if not step:
        raise ValueError("arange with a step of 0 never ends")
    n = max(-int((end - start) // -step), 0)
    whole = isinstance(start, int) and isinstance(end, int) and isinstance(step, int)
    dtype = dtype or (torch.int64 if whole else torch.float32)
    out = index(n, device) if whole else index(n, device).double()
    return (out * step + start).to(dtype)


def linspace(start, end, steps: int, *, dtype=None, device=None) -> torch.Tensor:
    weight = index(steps, device).double()
    if steps > 1:
        weight /= steps - 1
    return torch.lerp(torch.full_like(weight, start), torch.full_like(weight, end), weight).to(dtype or torch.float32)


def eye(n: int, m: int | None = None, *, dtype=None, device=None) -> torch.Tensor:
    out = torch.zeros(n, n if m is None else m, dtype=dtype or torch.float32, device=device)
    out.diagonal().fill_(1)
    return out


def one_hot(labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError("a label is out of range")
    out = torch.zeros(*labels.shape, num_classes, dtype=torch.int64, device=labels.device)
    return out.scatter_(-1, labels.unsqueeze(-1), 1)


def count_like(x: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(x, requires_grad=False).cumsum(-1).to(x.dtype) - 1
