import torch


def cross_entropy(logits, target, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Flattens to rows of classes, keeps those that count, and writes them back where they belong."""
    num_classes = logits.size(1)
    rows = logits.transpose(0, 1).reshape(num_classes, -1).T  # (positions, C), in target's order
    labels = target.reshape(-1)
    kept = torch.nonzero(labels != ignore_index).squeeze(1)
    rows, labels = rows[kept], labels[kept]
    top = rows.max(dim=1, keepdim=True).values
    log_z = (rows - top).exp().sum(dim=1).log() + top.squeeze(1)
    nll = log_z - rows[torch.arange(len(kept), device=rows.device), labels]
    smooth = log_z - rows.mean(dim=1)
    values = nll + label_smoothing * (smooth - nll)
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    losses = values.new_zeros(target.numel()).index_put((kept,), values)
    return losses.reshape(target.shape)
