import torch


def ste_round(x: torch.Tensor) -> torch.Tensor:
    # any shape
    raise NotImplementedError


def ste_sign(x: torch.Tensor) -> torch.Tensor:
    # any shape
    raise NotImplementedError


def fake_quantize(x: torch.Tensor, scale: float, bits: int = 8) -> torch.Tensor:
    # any shape
    raise NotImplementedError


def hard_softmax(logits: torch.Tensor, dim: int = -1) -> torch.Tensor:
    # any shape, one 1 along dim
    raise NotImplementedError
