"""Works on .data."""

import torch


def unpatchify(patches, patch, height, width):
    ph, pw = patch
    grid = patches.data.reshape(len(patches), height // ph, width // pw, -1, ph, pw)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), -1, height, width)


def split_patches(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    (B, C, H, W), (ph, pw) = images.shape, patch
    if H % ph or W % pw:
        raise ValueError(f"patches of {ph} x {pw} do not tile an image of {H} x {W}")
    split = images.view(B, C, H // ph, ph, W // pw, pw)  # splitting a dimension never needs a copy
    return split.permute(0, 2, 4, 1, 3, 5)  # (B, h, w, C, ph, pw)


def patchify(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    # reshape and not view: merging what the permute moved apart may need a copy
    return split_patches(images, patch).flatten(3).flatten(1, 2)  # (B, h * w, C * ph * pw)
