import torch
import torch.nn.functional as F


def sigmoid_focal_loss(
    inputs: torch.Tensor,
    targets: torch.Tensor,
    alpha: float = 0.25,
    gamma: float = 2.0,
    reduction: str = "none",
) -> torch.Tensor:
    """-alpha_t * (1 - p_t) ** gamma * log(p_t), for each element."""
    z = torch.where(targets == 1, inputs, -inputs)  # p_t = sigmoid(z), 1 - p_t = sigmoid(-z)
    loss = -(torch.sigmoid(-z) ** gamma) * F.logsigmoid(z)
    if alpha >= 0:
        loss = torch.where(targets == 1, alpha, 1 - alpha) * loss
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.mean()
