import torch


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, eps=1e-6, swap=False, reduction="mean"
):
    def dist(x, y):
        diff = (x - y) + eps
        return torch.einsum("nd,nd->n", diff, diff) ** 0.5

    to_negative = dist(anchor, negative)
    if swap:
        from_positive = dist(positive, negative)
        to_negative = torch.where(from_positive < to_negative, from_positive, to_negative)
    gap = dist(anchor, positive) - to_negative + margin
    losses = gap * (gap > 0)
    match reduction:
        case "none":
            return losses
        case "sum":
            return losses.sum()
    return losses.sum() / anchor.shape[0]
