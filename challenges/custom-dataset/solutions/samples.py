import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch.utils.data import Dataset


def load_rgb(path: str | Path) -> Image.Image:
    """Read the bytes first: no file is open while the pixels are decoded."""
    return Image.open(io.BytesIO(Path(path).read_bytes())).convert("RGB")


class ImageDataset(Dataset):
    """Keeps (path, label) pairs, as torchvision's ImageFolder does."""

    def __init__(
        self,
        image_paths: Sequence[str | Path],
        labels: Sequence[Any],
        transform: Callable | None = None,
    ):
        super().__init__()
        self.samples = list(
            zip(image_paths, labels, strict=True)
        )  # strict: a ValueError where the lengths differ
        self.transform = transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, idx: int) -> tuple[Any, Any]:
        path, label = self.samples[idx]
        image = load_rgb(path)
        return (self.transform(image) if self.transform else image), label
