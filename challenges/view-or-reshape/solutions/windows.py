import torch


def split_patches(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    """Tensor.unfold makes a view of windows; with a step as large as the window they do not overlap."""
    ph, pw = patch
    if images.shape[2] % ph != 0 or images.shape[3] % pw != 0:
        raise ValueError("the patch must divide the image")
    windows = images.unfold(2, ph, ph).unfold(3, pw, pw)  # (B, C, h, w, ph, pw)
    return windows.movedim(1, 3)


def patchify(images: torch.Tensor, patch: tuple[int, int]) -> torch.Tensor:
    grid = split_patches(images, patch)
    B, h, w = grid.shape[:3]
    return grid.reshape(B, h * w, -1)


def unpatchify(
    patches: torch.Tensor, patch: tuple[int, int], height: int, width: int
) -> torch.Tensor:
    B, _, D = patches.shape
    ph, pw = patch
    C = D // (ph * pw)
    x = patches.reshape(B, height // ph, width // pw, C, ph, pw)
    return torch.einsum("bhwcpq->bchpwq", x).reshape(B, C, height, width)
