from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def predict_all(
    model: nn.Module, dataloader: Iterable[tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            logits, targets = zip(
                *[(model(data), target) for data, target in dataloader], strict=True
            )
    finally:
        model.train(was_training)
    return torch.cat(logits), torch.cat(targets)  # (N, C), (N,)


def evaluate(
    model: nn.Module, dataloader: Iterable[tuple[Tensor, Tensor]], criterion: Callable
) -> tuple[float, float]:
    """Collect first: there is one mean, over everything, and no weights to get wrong."""
    logits, targets = predict_all(model, dataloader)
    loss = criterion(logits, targets)
    accuracy = (logits.max(dim=-1).indices == targets).double().mean()
    return float(loss), float(accuracy)
