"""Wraps every error in a RuntimeError, an index out of range included."""

from PIL import Image
from torch.utils.data import Dataset


class ImageDataset(Dataset):
    def __init__(self, image_paths, labels, transform=None):
        if len(image_paths) != len(labels):
            raise ValueError("image_paths and labels differ in length")
        self.image_paths = image_paths
        self.labels = labels
        self.transform = transform

    def __len__(self):
        return len(self.image_paths)

    def __getitem__(self, idx):
        try:
            with Image.open(self.image_paths[idx]) as file:
                image = file.convert("RGB")
        except Exception as error:
            raise RuntimeError(f"item {idx} cannot be read") from error
        if self.transform is not None:
            image = self.transform(image)
        return image, self.labels[idx]
