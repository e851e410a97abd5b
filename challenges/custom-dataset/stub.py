from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch.utils.data import Dataset


class ImageDataset(Dataset):
    def __init__(
        self,
        image_paths: Sequence[str | Path],
        labels: Sequence[Any],  # as many as image_paths
        transform: Callable[[Image.Image], Any] | None = None,
    ):
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, idx: int) -> tuple[Any, Any]:
        # (RGB image or what the transform makes of it, label)
        raise NotImplementedError
