from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import DataLoader

# The numbers are right, and the memory in use grows with every batch and every epoch.
# It has several bugs: find and repair them.


def train_epoch(
    model: nn.Module, layer: nn.Module, loader: DataLoader, optimizer: Optimizer
) -> dict[str, Any]:
    """One epoch; watches the output of `layer`, a part of `model`."""
    sizes = []

    def watch(module: nn.Module, args: Any, output: torch.Tensor) -> None:
        sizes.append(output.abs().mean())

    layer.register_forward_hook(watch)
    total, seen, worst = 0.0, 0, torch.tensor(0.0)
    outputs = []
    for x, target in loader:  # x: (B, ...), target: (B,)
        optimizer.zero_grad()
        logits = model(x)  # (B, classes)
        loss = F.cross_entropy(logits, target)
        loss.backward(retain_graph=True)
        optimizer.step()
        total += loss * len(target)
        seen += len(target)
        worst = max(worst, loss)
        outputs.append(logits)
    return {
        "loss": (total / seen).item(),
        "worst": worst.item(),
        "activation": (sum(sizes) / len(sizes)).item(),
        "logits": torch.cat(outputs).detach(),  # (N, classes)
    }
