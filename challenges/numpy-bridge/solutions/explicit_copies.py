import numpy as np
import torch


def tensor_view(array: np.ndarray) -> torch.Tensor:
    shareable = array.flags["WRITEABLE"] and all(s >= 0 for s in array.strides)
    return torch.as_tensor(array if shareable else np.array(array))


def tensor_copy(array: np.ndarray) -> torch.Tensor:
    """np.array always copies, and torch.tensor once more: two copies, and no doubt."""
    wanted = torch.float32 if array.dtype == np.float64 else None
    return torch.tensor(np.array(array), dtype=wanted)


def array_view(tensor: torch.Tensor) -> np.ndarray:
    return np.asarray(tensor.detach())


def array_copy(tensor: torch.Tensor) -> np.ndarray:
    wanted = torch.float32 if tensor.dtype == torch.bfloat16 else tensor.dtype
    return tensor.detach().to("cpu", wanted, copy=True).numpy()
