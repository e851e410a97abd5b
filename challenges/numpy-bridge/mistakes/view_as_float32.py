"""Converts to float32 on the way, which copies all but float32."""
import numpy as np
import torch


def tensor_view(array):
    return torch.as_tensor(array, dtype=torch.float32)


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
