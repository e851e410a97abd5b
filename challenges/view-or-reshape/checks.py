"""Hidden checks for view-or-reshape. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import (
    assert_close,
    assert_same_gradients,
    fail,
    noncontiguous,
    shares_memory,
    tried,
    unchanged,
)

# b, c, h, w and the patch: tall, square, one pixel, one row, one column, the whole image
OTHERS = [
    (3, 1, 9, 8, (3, 4)),
    (1, 2, 10, 6, (5, 2)),
    (4, 3, 6, 9, (3, 3)),
    (2, 3, 3, 5, (1, 1)),
    (3, 2, 4, 6, (1, 6)),
    (1, 4, 8, 5, (8, 1)),
    (3, 2, 4, 7, (4, 7)),
]


def numbered(device, b=2, c=3, h=4, w=10, dtype=torch.float32):
    """Images whose every pixel has a number of its own."""
    return torch.arange(b * c * h * w, device=device).to(dtype).view(b, c, h, w)


def patches_of(images, patch):
    """The oracle: cut out every patch by itself."""
    ph, pw = patch
    return torch.stack(
        [
            torch.stack(
                [images[:, :, i : i + ph, j : j + pw] for j in range(0, images.shape[3], pw)], 1
            )
            for i in range(0, images.shape[2], ph)
        ],
        1,
    )


def demand_view(result, source, what, hint=""):
    if not shares_memory(result, source):
        fail(
            f"{what} is a copy; a view would do here",
            mistake="clone, contiguous, stack and cat copy; view, permute, transpose and unfold do not",
            hint=hint,
        )


def test_split_patches(submission, device):
    """split_patches gives the grid of patches"""
    images = numbered(device, h=10, w=20)
    tried("split_patches(images, (2, 5))", images=images)
    expected = patches_of(images, (2, 5))
    mixed = images.reshape(2, 3, 5, 4, 2, 5)
    got = submission.split_patches(images, (2, 5))
    if isinstance(got, torch.Tensor) and got.shape == (2, 2, 10, 3, 5, 2):
        fail(
            f"the result has the shape {tuple(got.shape)}, expected {tuple(expected.shape)}",
            mistake="the sides of the patch are exchanged; patch is (ph, pw), height first",
        )
    assert_close(
        got,
        expected,
        mistakes={
            "the pixels are only read in another shape; the permute is missing": images.reshape(
                2, 5, 4, 3, 2, 5
            ),
            "the two dimensions of the grid are exchanged": expected.transpose(1, 2),
            "the dimensions are split as (h, w, ph, pw), without keeping rows together": mixed.permute(
                0, 2, 3, 1, 4, 5
            ),
        },
        hint="patch is (ph, pw), height first",
    )
    for b, c, h, w, patch in OTHERS:
        images = numbered(device, b, c, h, w)
        tried(f"split_patches(images, {patch})", images=images)
        assert_close(
            submission.split_patches(images, patch),
            patches_of(images, patch),
            hint="another size of image and patch",
        )


def test_split_is_a_view(submission, device):
    """split_patches shares its memory with the images"""
    images = numbered(device)
    tried("split_patches(images, (2, 5))", images=images)
    demand_view(submission.split_patches(images, (2, 5)), images, "the grid")


@pytest.mark.parametrize("layout", ["channels last", "every other column", "transposed"])
def test_split_of_other_layouts(submission, device, layout):
    """split_patches is a view of images in other memory layouts as well"""
    if layout == "channels last":
        images = numbered(device).contiguous(memory_format=torch.channels_last)
    elif layout == "transposed":
        images = numbered(device, h=10, w=4).transpose(2, 3)
    else:
        images = noncontiguous(numbered(device))
    tried(f"split_patches(images, (2, 5)), where the images are {layout}", images=images)
    got = submission.split_patches(images, (2, 5))
    assert_close(
        got,
        patches_of(images, (2, 5)),
        hint="the strides were taken for those of another memory layout",
    )
    demand_view(got, images, "the grid")


def test_patchify(submission, device):
    """patchify gives one row for each patch"""
    images = numbered(device)
    grid = patches_of(images, (2, 5))
    tried("patchify(images, (2, 5))", images=images)
    expected = grid.reshape(2, 4, 30)
    try:
        got = submission.patchify(images, (2, 5))
    except RuntimeError as error:
        fail(
            f"it raises RuntimeError: {error}",
            hint="after a permute the pixels lie apart, so reshape has to copy",
        )
    assert_close(
        got,
        expected,
        mistakes={
            "one reshape has the right shape and mixes pixels of different patches": images.reshape(
                2, 4, 30
            ),
            "the channel comes last inside each patch; it comes first": grid.permute(
                0, 1, 2, 4, 5, 3
            ).reshape(2, 4, 30),
            "the patches come column by column of the grid": grid.transpose(1, 2).reshape(2, 4, 30),
            "inside a patch, columns come before rows": grid.transpose(4, 5).reshape(2, 4, 30),
            "each channel has patches of its own; a patch holds all channels": grid.permute(
                0, 3, 1, 2, 4, 5
            ).reshape(2, 12, 10),
        },
    )
    for b, c, h, w, patch in OTHERS:
        images = numbered(device, b, c, h, w)
        tried(f"patchify(images, {patch})", images=images)
        assert_close(
            submission.patchify(images, patch),
            patches_of(images, patch).flatten(3).flatten(1, 2),
            hint="another size of image and patch",
        )


@pytest.mark.parametrize("layout", ["contiguous", "not contiguous"])
def test_unpatchify(submission, device, layout):
    """unpatchify puts patches back in place"""
    images = numbered(device)
    patches = patches_of(images, (2, 5)).reshape(2, 4, 30)
    if layout != "contiguous":
        patches = noncontiguous(patches)
    tried("unpatchify(patches, (2, 5), 4, 10)", patches=patches)
    try:
        got = submission.unpatchify(patches, (2, 5), 4, 10)
    except RuntimeError as error:
        fail(
            f"it raises RuntimeError: {error}",
            hint="after a permute, merging dimensions needs reshape, which may copy",
        )
    assert_close(
        got,
        images,
        mistakes={
            "one reshape has the right shape and leaves the patches where they are": patches.reshape(
                2, 3, 4, 10
            )
        },
        hint="the reverse of patchify: split, permute back, merge",
    )


def test_unpatchify_of_a_column(submission, device):
    """the grid of patches need not be square, and a single image works"""
    images = numbered(device, b=1, c=2, h=12, w=5)
    patches = patches_of(images, (3, 5)).reshape(1, 4, 30)
    tried("unpatchify(patches, (3, 5), 12, 5)", patches=patches)
    square = patches.reshape(1, 2, 2, 2, 3, 5).permute(0, 3, 1, 4, 2, 5)
    assert_close(
        submission.unpatchify(patches, (3, 5), 12, 5),
        images,
        mistakes={
            "the grid is taken to be square; it has height / ph rows": square.reshape(1, 2, 12, 5)
        },
    )
    for b, c, h, w, patch in OTHERS:
        images = numbered(device, b, c, h, w)
        patches = patches_of(images, patch).flatten(3).flatten(1, 2)
        tried(f"unpatchify(patches, {patch}, {h}, {w})", patches=patches)
        assert_close(
            submission.unpatchify(patches, patch, h, w),
            images,
            hint="another size of image and patch",
        )


def test_no_copy_where_a_view_will_do(submission, device):
    """patchify and unpatchify copy only where they must"""
    images = numbered(device, c=1, h=6, w=5)
    tried("patchify(images, (2, 5)): one channel, and patches as wide as the image", images=images)
    got = submission.patchify(images, (2, 5))
    assert_close(got, patches_of(images, (2, 5)).reshape(2, 3, 10))
    demand_view(got, images, "the result of patchify")
    patches = numbered(device, c=1, h=3, w=10).squeeze(1)
    tried(
        "unpatchify(patches, (2, 5), 6, 5): one channel, and patches as wide as the image",
        patches=patches,
    )
    got = submission.unpatchify(patches, (2, 5), 6, 5)
    assert_close(got, patches.reshape(2, 1, 6, 5))
    demand_view(got, patches, "the result of unpatchify")
    hint = "reshape alone finds out whether a view will do; contiguous() copies whatever has gaps"
    images = numbered(device, b=4, c=1, h=6, w=5)[::2]
    tried("patchify(images[::2], (2, 5)): every other image of the same kind", images=images)
    got = submission.patchify(images, (2, 5))
    assert_close(got, patches_of(images, (2, 5)).reshape(2, 3, 10))
    demand_view(got, images, "the result of patchify", hint)
    patches = numbered(device, b=4, c=1, h=3, w=10).squeeze(1)[::2]
    tried("unpatchify(patches[::2], (2, 5), 6, 5): every other image", patches=patches)
    got = submission.unpatchify(patches, (2, 5), 6, 5)
    assert_close(got, patches.reshape(2, 1, 6, 5))
    demand_view(got, patches, "the result of unpatchify", hint)


def test_sizes_that_do_not_divide(submission, device):
    """a height or width that the patch does not divide raises ValueError"""
    images = numbered(device)
    for name in ("split_patches", "patchify"):
        for patch in ((3, 5), (2, 4), (8, 5), (2, 20)):  # the last two exceed the image
            tried(f"{name}(images, {patch})", images=images)
            try:
                got = getattr(submission, name)(images, patch)
            except ValueError:
                continue
            except Exception as error:
                fail(f"expected a ValueError, got {type(error).__name__}: {error}")
            fail(
                f"expected a ValueError, got a result of shape {tuple(got.shape)}",
                hint="Tensor.unfold drops what is left over without a word",
            )


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float64], ids=["uint8", "float64"])
def test_every_dtype(submission, device, dtype):
    """the dtype of the images is kept"""
    images = torch.randint(0, 255, (2, 3, 4, 10), device=device).to(dtype)
    grid = patches_of(images, (2, 5))
    rows = grid.reshape(2, 4, 30)
    tried("split_patches, patchify and unpatchify with patch (2, 5)", images=images)
    with unchanged(images=images, rows=rows):
        assert_close(submission.split_patches(images, (2, 5)), grid)
        assert_close(submission.patchify(images, (2, 5)), rows)
        assert_close(submission.unpatchify(rows, (2, 5), 4, 10), images)


def test_gradients_flow(submission, device):
    """gradients flow through all three"""
    images = torch.randn(2, 3, 4, 10, device=device, requires_grad=True)
    grid = patches_of(images, (2, 5))
    tried("a backward pass through split_patches(images, (2, 5))", images=images)
    assert_same_gradients(submission.split_patches(images, (2, 5)), grid, {"images": images})
    tried("a backward pass through patchify(images, (2, 5))", images=images)
    assert_same_gradients(
        submission.patchify(images, (2, 5)), grid.reshape(2, 4, 30), {"images": images}
    )
    patches = grid.detach().reshape(2, 4, 30).requires_grad_()
    tried("a backward pass through unpatchify(patches, (2, 5), 4, 10)", patches=patches)
    back = patches.reshape(2, 2, 2, 3, 2, 5).permute(0, 3, 1, 4, 2, 5).reshape(2, 3, 4, 10)
    assert_same_gradients(submission.unpatchify(patches, (2, 5), 4, 10), back, {"patches": patches})
