"""Leaves the check to unfold, which drops what is left over."""

import torch


def split_patches(images, patch):
    ph, pw = patch
    return images.unfold(2, ph, ph).unfold(3, pw, pw).movedim(1, 3)


def patchify(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    # reshape and not view: merging what the permute moved apart may need a copy
    return split_patches(images, patch).flatten(3).flatten(1, 2)  # (B, h * w, C * ph * pw)


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
