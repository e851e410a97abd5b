import torch


def sigmoid_focal_loss(
    inputs: torch.Tensor,
    targets: torch.Tensor,
    alpha: float = 0.25,
    gamma: float = 2.0,
    reduction: str = "none",
) -> torch.Tensor:
    # inputs: logits of any shape; targets: the same shape, 0.0 or 1.0
    # alpha < 0: no class weights; reduction "none", "sum" or "mean"
    raise NotImplementedError
