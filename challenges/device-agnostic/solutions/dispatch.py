import functools
from typing import Any

import torch
from torch import nn


@functools.singledispatch
def to_device(batch: Any, device: torch.device | str) -> Any:
    """One function for each kind of batch; singledispatch picks it by type."""
    return batch


@to_device.register
def _(batch: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    return batch.to(device=device, non_blocking=True)


@to_device.register
def _(batch: dict, device: torch.device | str) -> dict:
    return dict(zip(batch, to_device(list(batch.values()), device), strict=True))


@to_device.register(list)
def _(batch: list, device: torch.device | str) -> list:
    return [to_device(item, device) for item in batch]


@to_device.register(tuple)
def _(batch: tuple, device: torch.device | str) -> tuple:
    items = to_device(list(batch), device)
    return batch._make(items) if hasattr(batch, "_make") else tuple(items)


def device_of(model: nn.Module) -> torch.device:
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device("cpu")


class Standardize(nn.Module):
    def __init__(self, mean: torch.Tensor, std: torch.Tensor):
        super().__init__()
        for name, value in {"mean": mean, "std": std}.items():
            self.register_buffer(name, value.clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sub(self.mean).div(self.std)


def predict(model: nn.Module, batch: Any) -> Any:
    on_device = to_device(batch, device_of(model))
    return model(on_device)
