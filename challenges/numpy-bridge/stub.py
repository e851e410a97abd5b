import numpy as np
import torch


def tensor_view(array: np.ndarray) -> torch.Tensor:
    # shares memory, keeps the dtype; a copy where the array is read-only or has negative strides
    raise NotImplementedError


def tensor_copy(array: np.ndarray) -> torch.Tensor:
    # shares nothing; float64 becomes float32
    raise NotImplementedError


def array_view(tensor: torch.Tensor) -> np.ndarray:
    # shares memory, keeps the dtype
    raise NotImplementedError


def array_copy(tensor: torch.Tensor) -> np.ndarray:
    # shares nothing; bfloat16 becomes float32
    raise NotImplementedError
