"""Shares the base array, which holds the numbers in another order."""
import numpy as np
import torch


def tensor_view(array):
    if any(stride < 0 for stride in array.strides):
        array = array[tuple(slice(None, None, -1 if s < 0 else 1) for s in array.strides)]
    return torch.from_numpy(array if array.flags.writeable else array.copy())


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
