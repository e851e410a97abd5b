"""Keeps every image once it is read, and hands the same object out again."""

from PIL import Image
from torch.utils.data import Dataset


class ImageDataset(Dataset):
    def __init__(self, image_paths, labels, transform=None):
        if len(image_paths) != len(labels):
            raise ValueError("as many paths as labels are needed")
        self.image_paths = image_paths
        self.labels = labels
        self.transform = transform
        self.images = {}

    def __len__(self):
        return len(self.image_paths)

    def __getitem__(self, idx):
        if idx not in self.images:
            with Image.open(self.image_paths[idx]) as file:
                self.images[idx] = file.convert("RGB")
        image = self.images[idx]
        if self.transform is not None:
            image = self.transform(image)
        return image, self.labels[idx]
