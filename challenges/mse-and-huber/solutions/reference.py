import torch


def _reduce(losses: torch.Tensor, reduction: str) -> torch.Tensor:
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def _error(input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    if input.shape != target.shape:
        raise ValueError("input and target must have one shape")
    return input - target


def mse_loss(input: torch.Tensor, target: torch.Tensor, reduction: str = "mean") -> torch.Tensor:
    return _reduce(_error(input, target).square(), reduction)


def huber_loss(
    input: torch.Tensor, target: torch.Tensor, reduction: str = "mean", delta: float = 1.0
) -> torch.Tensor:
    a = _error(input, target).abs()
    losses = torch.where(a <= delta, 0.5 * a.square(), delta * (a - 0.5 * delta))
    return _reduce(losses, reduction)
