import torch


def layer_norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """Flatten what is normalised over into one dimension, and take both statistics in one pass."""
    rows = x.reshape(-1, weight.numel())  # (*, H, W) -> (N, H * W)
    var, mean = torch.var_mean(rows, dim=1, correction=0, keepdim=True)  # (N, 1) each
    normal = (rows - mean) / (var + eps).sqrt()
    return torch.addcmul(bias, normal.reshape(x.shape), weight)
