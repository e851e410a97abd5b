import torch


def conv2d(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> torch.Tensor:
    # x: (N, C_in, H, W), weight: (C_out, C_in / groups, kH, kW), bias: (C_out,) -> (N, C_out, H_out, W_out)
    raise NotImplementedError
