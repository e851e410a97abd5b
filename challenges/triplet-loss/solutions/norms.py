import torch
import torch.nn.functional as F


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, eps=1e-6, swap=False, reduction="mean"
):
    """All distances in one call: the differences stacked, then one norm over the last dimension."""
    differences = [anchor - positive, anchor - negative] + [positive - negative] * swap
    d = torch.linalg.vector_norm(torch.stack(differences) + eps, dim=-1)  # (2 or 3, N)
    losses = F.relu(d[0] - d[1:].amin(0) + margin)
    return losses if reduction == "none" else getattr(losses, reduction)()
