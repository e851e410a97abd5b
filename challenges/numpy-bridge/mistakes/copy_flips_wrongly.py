"""torch.tensor copies, and refuses negative strides."""
import numpy as np
import torch


def tensor_copy(array):
    return torch.tensor(array, dtype=torch.float32 if array.dtype == np.float64 else None)


def tensor_view(array: np.ndarray) -> torch.Tensor:
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def array_view(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()


def array_copy(tensor: torch.Tensor) -> np.ndarray:
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    return tensor.numpy().copy()  # a copy, since .cpu() makes none on the CPU
