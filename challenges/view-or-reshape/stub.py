import torch


def split_patches(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    # images: (B, C, H, W) -> (B, h, w, C, ph, pw), a view
    raise NotImplementedError


def patchify(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    # images: (B, C, H, W) -> (B, h * w, C * ph * pw)
    raise NotImplementedError


def unpatchify(
    patches: torch.Tensor, patch: tuple[int, int], height: int, width: int
) -> torch.Tensor:
    # patches: (B, h * w, C * ph * pw) -> (B, C, height, width)
    raise NotImplementedError
