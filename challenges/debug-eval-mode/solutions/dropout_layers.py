from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def evaluating(model):
    """Eval mode inside the block; afterwards every submodule is as it was."""
    before = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in before:
            module.training = training


class Classifier(nn.Module):
    """nn.Dropout follows the mode by itself, so no flag has to be passed on."""

    def __init__(self, in_features, hidden, classes, depth=2, p=0.5, freeze_norm=False):
        super().__init__()
        self.freeze_norm = freeze_norm
        self.linears, self.norms = nn.ModuleList(), nn.ModuleList()
        for i in range(depth):
            self.linears.append(nn.Linear(hidden if i else in_features, hidden))
            self.norms.append(nn.BatchNorm1d(hidden))
        self.dropout = nn.Dropout(p)
        self.head = nn.Linear(hidden, classes)

    def train(self, mode=True):
        super().train(mode)
        if self.freeze_norm:
            self.norms.eval()
        return self

    def forward(self, x):
        for linear, norm in zip(self.linears, self.norms):
            x = self.dropout(norm(linear(x)).relu())
        return self.head(x)


@torch.no_grad()
def evaluate(model, loader):
    with evaluating(model):
        hits = torch.cat([model(x).argmax(-1) == target for x, target in loader])
    return hits.float().mean().item()
