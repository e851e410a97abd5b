"""Takes the plain image where the transform returns None."""

from PIL import Image
from torch.utils.data import Dataset


class ImageDataset(Dataset):
    def __init__(self, image_paths, labels, transform=None):
        if len(image_paths) != len(labels):
            raise ValueError("as many paths as labels are needed")
        self.image_paths = image_paths
        self.labels = labels
        self.transform = transform

    def __len__(self):
        return len(self.image_paths)

    def __getitem__(self, idx):
        with Image.open(self.image_paths[idx]) as file:
            image = file.convert("RGB")
        if self.transform is not None:
            result = self.transform(image)
            image = result if result is not None else image
        return image, self.labels[idx]
