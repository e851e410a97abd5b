"""Copies the layer's outputs, so that none shares memory with a graph, and keeps all the copies."""
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
        sizes.append(output.detach().clone())

    handle = layer.register_forward_hook(watch)
    total, seen, worst = 0.0, 0, 0.0
    outputs = []
    for x, target in loader:  # x: (B, ...), target: (B,)
        optimizer.zero_grad()
        logits = model(x)  # (B, classes)
        loss = F.cross_entropy(logits, target)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(target)
        seen += len(target)
        worst = max(worst, loss.item())
        outputs.append(logits.detach())
    handle.remove()
    return {
        "loss": total / seen,
        "worst": worst,
        "activation": sum(output.abs().mean().item() for output in sizes) / len(sizes),
        "logits": torch.cat(outputs),  # (N, classes)
    }
