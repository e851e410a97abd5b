"""torch.asarray takes an array of shape () for a number, and copies it."""

import numpy as np
import torch


def tensor_view(array: np.ndarray) -> torch.Tensor:
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.asarray(array)


def tensor_copy(array: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(array.copy())  # copied here: .float() would not copy what is float32 already
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def array_view(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()


def array_copy(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    return tensor.numpy().copy()  # a copy, since .cpu() makes none on the CPU
