import torch
import torch.nn.functional as F


def _reduced(losses, reduction):
    return {"none": lambda t: t, "sum": torch.sum, "mean": torch.mean}[reduction](losses)


def sigmoid_focal_loss(inputs, targets, alpha=0.25, gamma=2.0, reduction="none"):
    """-log p_t is softplus of the margin, and 1 - p_t = exp(-softplus(-margin)): no probability is ever formed."""
    margin = (1 - 2 * targets) * inputs  # large where the element is wrong
    ce = F.softplus(margin)
    focus = torch.exp(-gamma * F.softplus(-margin))
    weight = torch.ones_like(targets)
    if alpha >= 0:
        weight = targets * alpha + (1 - targets) * (1 - alpha)
    return _reduced(weight * focus * ce, reduction)
