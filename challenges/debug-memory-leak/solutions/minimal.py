from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import DataLoader


def train_epoch(
    model: nn.Module, layer: nn.Module, loader: DataLoader, optimizer: Optimizer
) -> dict[str, Any]:
    """The stub with a detach where a value outlives its batch, and the hook taken off again."""
    sizes = []

    def watch(module: nn.Module, args: Any, output: torch.Tensor) -> None:
        sizes.append(output.detach().abs().mean())

    handle = layer.register_forward_hook(watch)
    total, seen, worst = 0.0, 0, torch.tensor(0.0)
    outputs = []
    for x, target in loader:  # x: (B, ...), target: (B,)
        optimizer.zero_grad()
        logits = model(x)  # (B, classes)
        loss = F.cross_entropy(logits, target)
        loss.backward()
        optimizer.step()
        loss = loss.detach()
        total += loss * len(target)
        seen += len(target)
        worst = max(worst, loss)
        outputs.append(logits.detach())
    handle.remove()
    return {
        "loss": (total / seen).item(),
        "worst": worst.item(),
        "activation": (sum(sizes) / len(sizes)).item(),
        "logits": torch.cat(outputs).detach(),  # (N, classes)
    }
