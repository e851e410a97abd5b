"""Relies on cpu() for the copy."""
import numpy as np
import torch


def array_copy(tensor):
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def tensor_view(array: np.ndarray) -> torch.Tensor:
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def tensor_copy(array: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(array.copy())  # copied here: .float() would not copy what is float32 already
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def array_view(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()
