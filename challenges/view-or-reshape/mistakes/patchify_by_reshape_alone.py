"""One reshape from images to rows."""

import torch


def patchify(images, patch):
    (B, C, H, W), (ph, pw) = images.shape, patch
    if H % ph or W % pw:
        raise ValueError
    return images.reshape(B, (H // ph) * (W // pw), C * ph * pw)


def split_patches(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    (B, C, H, W), (ph, pw) = images.shape, patch
    if H % ph or W % pw:
        raise ValueError(f"patches of {ph} x {pw} do not tile an image of {H} x {W}")
    split = images.view(B, C, H // ph, ph, W // pw, pw)  # splitting a dimension never needs a copy
    return split.permute(0, 2, 4, 1, 3, 5)  # (B, h, w, C, ph, pw)


def unpatchify(
    patches: torch.Tensor, patch: tuple[int, int], height: int, width: int
) -> torch.Tensor:
    ph, pw = patch
    grid = patches.unflatten(2, (-1, ph, pw)).unflatten(
        1, (height // ph, width // pw)
    )  # (B, h, w, C, ph, pw)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(
        len(patches), -1, height, width
    )  # (B, C, h, ph, w, pw) first
