"""Keeps what each batch was trained on, to look at the worst one later."""
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import DataLoader


def train_epoch(
    model: nn.Module, layer: nn.Module, loader: DataLoader, optimizer: Optimizer
) -> dict[str, Any]:
    """One epoch; watches the output of `layer`, a part of `model`."""
    sizes = []

    def watch(module: nn.Module, args: Any, output: torch.Tensor) -> None:
        sizes.append(output.detach().abs().mean().item())

    handle = layer.register_forward_hook(watch)
    total, seen = 0.0, 0
    outputs, history = [], []
    for x, target in loader:  # x: (B, ...), target: (B,)
        optimizer.zero_grad()
        logits = model(x)  # (B, classes)
        loss = F.cross_entropy(logits, target)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(target)
        seen += len(target)
        outputs.append(logits.detach())
        history.append((x.detach().cpu(), loss.item()))
    handle.remove()
    return {
        "loss": total / seen,
        "worst": max(history, key=lambda pair: pair[1])[1],
        "activation": sum(sizes) / len(sizes),
        "logits": torch.cat(outputs),  # (N, classes)
    }
