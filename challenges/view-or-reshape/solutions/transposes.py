import torch


def split_patches(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    """One side after the other: split, then move the new dimension forward."""
    ph, pw = patch
    if any(size % side for size, side in zip(images.shape[-2:], patch, strict=True)):
        raise ValueError("the patch must divide the image")
    rows = images.unflatten(2, (-1, ph)).transpose(1, 2)  # (B, h, C, ph, W)
    return rows.unflatten(4, (-1, pw)).moveaxis(
        4, 2
    )  # (B, h, C, ph, w, pw) -> (B, h, w, C, ph, pw)


def patchify(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    return torch.flatten(torch.flatten(split_patches(images, patch), 3), 1, 2)


def unpatchify(
    patches: torch.Tensor, patch: tuple[int, int], height: int, width: int
) -> torch.Tensor:
    ph, pw = patch
    B = patches.size(0)
    x = patches.reshape(B, height // ph, width // pw, -1, ph, pw)
    x = x.moveaxis(2, 4)  # (B, h, C, ph, w, pw)
    return x.transpose(1, 2).reshape(B, x.shape[2], height, width)
