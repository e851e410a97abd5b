"""Restores the modes of the model and of its direct children, and of nothing deeper."""
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader


class Classifier(nn.Module):
    """`depth` blocks of linear, batch norm, relu and dropout, then a head; `freeze_norm` keeps the statistics fixed."""

    def __init__(
        self, in_features: int, hidden: int, classes: int, depth: int = 2, p: float = 0.5, freeze_norm: bool = False
    ):
        super().__init__()
        self.p, self.freeze_norm = p, freeze_norm
        sizes = [in_features] + [hidden] * depth
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm1d(hidden) for _ in range(depth))
        self.head = nn.Linear(hidden, classes)

    def train(self, mode: bool = True) -> "Classifier":
        super().train(mode)
        if self.freeze_norm:
            for norm in self.norms:
                norm.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        for linear, norm in zip(self.linears, self.norms):
            x = torch.relu(norm(linear(x)))  # (B, hidden)
            x = F.dropout(x, self.p, training=self.training)
        return self.head(x)  # (B, classes)


def evaluate(model: nn.Module, loader: DataLoader) -> float:
    """The share of samples that the model gets right."""
    modes = {module: module.training for module in (model, *model.children())}
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for x, target in loader:  # x: (B, in_features), target: (B,)
            correct += (model(x).argmax(dim=1) == target).sum().item()
            seen += len(target)
    for module, mode in modes.items():
        module.training = mode
    return correct / seen
