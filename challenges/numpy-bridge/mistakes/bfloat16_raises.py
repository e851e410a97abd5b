"""Never met bfloat16."""
import numpy as np
import torch


def array_copy(tensor):
    return tensor.detach().cpu().numpy().copy()


def tensor_view(array: np.ndarray) -> torch.Tensor:
    if not array.flags.writeable or any(stride < 0 for stride in array.strides):
        array = array.copy()
    return torch.from_numpy(array)


def tensor_copy(array: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(array.copy())  # copied here: .float() would not copy what is float32 already
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def array_view(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()
