"""Hidden checks for max-pool2d. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import (
    assert_close,
    assert_same_gradients,
    assert_shape,
    fail,
    gradients,
    torch_calls,
    tried,
    unchanged,
)


def image(*shape, device, dtype=torch.float32):
    """Below zero throughout, and without ties: a permutation of whole numbers."""
    size = torch.Size(shape).numel()
    return (torch.randperm(size, device=device) - size - 1).to(dtype).view(shape)


def compare(submission, x, kernel_size, mistakes=None, by_name=False, **options):
    expected = F.max_pool2d(x, kernel_size, **options)
    text = "".join(f", {name}={value}" for name, value in options.items())
    tried(f"max_pool2d(x, {'kernel_size=' if by_name else ''}{kernel_size}{text})", x=x)
    if by_name:
        y = submission.max_pool2d(x.clone(), kernel_size=kernel_size, **options)
    else:
        y = submission.max_pool2d(x.clone(), kernel_size, **options)
    assert_close(y, expected, mistakes=mistakes)


@pytest.mark.parametrize("kernel_size", [2, (2, 3), (3, 1)], ids=str)
def test_windows_side_by_side(submission, device, kernel_size):
    """by default the stride is the kernel's size"""
    x = image(2, 3, 7, 10, device=device)  # 7 and 10 leave a rest
    mistakes = {
        "the average is taken, not the maximum": F.avg_pool2d(x, kernel_size),
        "the smallest element is taken, not the largest": -F.max_pool2d(-x, kernel_size),
        "stride=None should mean the kernel's size, not 1": F.max_pool2d(x, kernel_size, 1),
        "the rest at the edge gets a window of its own; leave it out": F.max_pool2d(x, kernel_size, ceil_mode=True),
        "the maximum is taken over the channels too": F.max_pool2d(x, kernel_size).amax(1, keepdim=True).expand(-1, 3, -1, -1),
        "values below zero are cut off": F.max_pool2d(x, kernel_size).clamp(min=0),
    }
    if isinstance(kernel_size, tuple):
        mistakes["the pair is taken as (width, height)"] = F.max_pool2d(x, kernel_size[::-1])
        mistakes["the stride is the kernel's height in both directions"] = F.max_pool2d(x, kernel_size, kernel_size[0])
    compare(submission, x, kernel_size, mistakes)


@pytest.mark.parametrize("stride", [1, 3, (1, 3), (3, 1)], ids=str)
def test_stride(submission, device, stride):
    """stride, as an int and as a pair"""
    x = image(2, 3, 9, 12, device=device)
    mistakes = {"stride is ignored: it is always the kernel's size": F.max_pool2d(x, (3, 2))}
    if isinstance(stride, tuple):
        mistakes["the pair is taken as (width, height)"] = F.max_pool2d(x, (3, 2), stride[::-1])
        mistakes["the first number of stride is used for both directions"] = F.max_pool2d(x, (3, 2), stride[0])
    compare(submission, x, (3, 2), mistakes, stride=stride)


@pytest.mark.parametrize("padding", [1, (1, 2), (2, 0), (0, 2)], ids=str)
@pytest.mark.parametrize("scale", [1, 1e30], ids=["small values", "values near -1e32"])
def test_padding_never_wins(submission, device, padding, scale):
    """padding counts as minus infinity"""
    x = image(2, 3, 7, 10, device=device) * scale
    ph, pw = (padding, padding) if isinstance(padding, int) else padding

    def padded_with(value):
        return F.max_pool2d(F.pad(x, (pw, pw, ph, ph), value=value), (4, 5), (2, 3))

    mistakes = {
        "padding is ignored": F.max_pool2d(x, (4, 5), (2, 3)),
        "the image is padded with zeros, which win against anything below zero; pad with -inf": padded_with(0),
        "the image is padded with the smallest element; pad with -inf": padded_with(x.min().item()),
        "-inf is multiplied by zero somewhere, which is NaN": padded_with(torch.nan),
        "only the top and left are padded": lambda: F.max_pool2d(F.pad(x, (pw, 0, ph, 0), value=-torch.inf), (4, 5), (2, 3)),
    }
    for number in (-1.0, -1e3, -1e4, -1e5, -1e6, -1e9, -1e10, -1e12, -1e20, -1e30):
        mistakes[f"the image is padded with {number:g}, which wins against anything below; pad with -inf"] = padded_with(number)
        mistakes[f"the search for the maximum starts at {number:g}; start at -inf"] = F.max_pool2d(
            x, (4, 5), (2, 3), padding
        ).clamp(min=number)
    if isinstance(padding, tuple):
        swapped = (ph, ph, pw, pw)
        mistakes["the pair is taken as (width, height); F.pad wants the last dimension first"] = lambda: F.max_pool2d(
            F.pad(x, swapped, value=-torch.inf), (4, 5), (2, 3)
        )
    compare(submission, x, (4, 5), mistakes, stride=(2, 3), padding=padding)


@pytest.mark.parametrize("dilation", [2, (2, 3), (3, 1)], ids=str)
def test_dilation(submission, device, dilation):
    """dilation, as an int and as a pair"""
    x = image(2, 3, 11, 13, device=device)
    expected = F.max_pool2d(x, (3, 2), 1, dilation=dilation)
    dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
    undilated = F.max_pool2d(x, (3, 2), 1)
    mistakes = {
        "dilation is ignored": undilated,
        "dilation changes the size and not the positions": undilated[..., : expected.shape[2], : expected.shape[3]],
        "the maximum is taken over all that the dilated window spans": F.max_pool2d(x, (2 * dh + 1, dw + 1), 1),
    }
    if isinstance(dilation, tuple):
        mistakes["the pair is taken as (width, height)"] = F.max_pool2d(x, (3, 2), 1, dilation=dilation[::-1])
    compare(submission, x, (3, 2), mistakes, stride=1, dilation=dilation)


@pytest.mark.parametrize(
    ("shape", "kernel_size", "options"),
    [
        ((2, 3, 13, 17), (4, 3), {"stride": (3, 2), "padding": (2, 1), "dilation": (2, 4)}),
        ((2, 3, 9, 6), (2, 4), {"stride": (1, 3), "padding": (1, 2)}),
        ((1, 1, 5, 7), 1, {"stride": 2}),
        ((1, 2, 4, 6), (4, 6), {}),
        ((3, 1, 1, 8), (1, 3), {"dilation": (1, 2)}),
        ((2, 2, 5, 7), 3, {"dilation": 2}),
        ((2, 2, 3, 4), (4, 5), {"padding": (2, 2)}),
    ],
    ids=["all at once", "overlap and padding", "1x1 kernel", "kernel as large as the image", "one row", "dilation, default stride", "kernel larger than the image"],
)  # fmt: skip
def test_all_together(submission, device, shape, kernel_size, options):
    """stride, padding and dilation at once, and the smallest sizes"""
    x = image(*shape, device=device)
    size, dilation, padding = ((v, v) if isinstance(v, int) else v for v in (kernel_size, options.get("dilation", 1), options.get("padding", 0)))
    reach = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]

    def repeated():
        around = (padding[1], padding[1], padding[0], padding[0])
        return F.max_pool2d(F.pad(x, around, mode="replicate"), size, options.get("stride"), 0, dilation)

    mistakes = {
        "the elements at the border are repeated; padding counts as minus infinity": repeated,
        "the default stride is what the dilated window spans; it is the kernel's size": lambda: F.max_pool2d(
            x, size, options.get("stride", reach), padding, dilation
        ),
    }
    compare(submission, x, kernel_size, mistakes, by_name=True, **options)
    if list(options) == ["stride", "padding", "dilation"]:
        tried(f"max_pool2d(x, {kernel_size}, {', '.join(map(str, options.values()))})", x=x)
        assert_close(
            submission.max_pool2d(x.clone(), kernel_size, *options.values()),
            F.max_pool2d(x, kernel_size, *options.values()),
            hint="by position the order is x, kernel_size, stride, padding, dilation",
        )


def test_infinities(submission, device):
    """elements of minus or plus infinity are elements like any other"""
    x = image(2, 3, 6, 8, device=device)
    x[:, :, :3, :4] = -torch.inf  # whole windows of it, at the border too
    x[0, 1, 4, 5] = torch.inf
    tried("max_pool2d(x, 2, padding=1), where some windows are all -inf", x=x)
    y = submission.max_pool2d(x.clone(), 2, padding=1)
    expected = F.max_pool2d(x, 2, padding=1)
    lowest = torch.finfo(x.dtype).min
    assert_close(
        y,
        expected,
        mistakes={
            "the image is padded with the lowest number, which wins against -inf; pad with -inf": F.max_pool2d(
                F.pad(x, (1, 1, 1, 1), value=lowest), 2
            ),
            "-inf or inf is multiplied by zero somewhere, which is NaN": torch.full_like(expected, torch.nan),
            "a maximum of -inf is replaced; it is the largest of a window that holds nothing else": expected.nan_to_num(
                neginf=0, posinf=torch.inf
            ),
            "infinite maxima are replaced; they are the largest elements": expected.nan_to_num(0, 0, 0),
        },
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16], ids=["float64", "float16"])
def test_dtype_and_layout(submission, device, dtype):
    """the result has x's dtype, and an input that is not contiguous works"""
    x = image(3, 2, 7, 5, device=device, dtype=dtype).transpose(0, 1).transpose(2, 3)
    if dtype == torch.float64:
        x = x / 3 + 1e6
    for padding in (1, 0):
        expected = F.max_pool2d(x.double(), (2, 3), padding=padding).to(dtype)
        tried(f"max_pool2d(x, (2, 3), padding={padding})", x=x)
        try:
            y = submission.max_pool2d(x, (2, 3), padding=padding)
        except RuntimeError as error:
            fail(f"raises RuntimeError: {error}", hint="nothing should be cast to float32, and reshape copies where view cannot")
        assert_close(y, expected, rtol=0, atol=0)  # the largest element itself: nothing is computed, nothing rounded


@pytest.mark.parametrize("padding", [0, 1])
def test_input_is_left_alone(submission, device, padding):
    """the caller's input is not changed"""
    x = image(2, 3, 7, 9, device=device)
    tried(f"max_pool2d(x, (2, 3), padding={padding})", x=x)
    with unchanged(x=x):
        submission.max_pool2d(x, (2, 3), padding=padding)


def test_gradients_without_ties(submission, device):
    """the gradient goes to the largest element of each window"""
    x = image(2, 3, 9, 8, device=device, dtype=torch.float64).requires_grad_()
    arguments = (x, (3, 2), (2, 1), (1, 1), (1, 2))
    cotangent = torch.randn_like(F.max_pool2d(*arguments))
    oracle = F.max_pool2d(*arguments)
    tried("a backward pass through max_pool2d(x, (3, 2), (2, 1), (1, 1), (1, 2))", x=x)
    assert_same_gradients(
        submission.max_pool2d(*arguments),
        oracle,
        {"x": x},
        cotangent=cotangent,
        hint="windows overlap here: an element that wins several of them gets the sum of their gradients",
    )


def test_gradients_at_ties(submission, device):
    """where elements tie, their shares add up to one gradient"""
    x = torch.randint(0, 2, (2, 3, 6, 9), device=device, dtype=torch.float64)
    x[0, 0] = 1
    x.requires_grad_()
    tried("a backward pass through max_pool2d(x, (2, 3)), where x holds only zeros and ones", x=x)
    y = submission.max_pool2d(x, (2, 3))
    assert y.requires_grad, "the result is cut off from the graph: look for .detach(), .data or no_grad"
    cotangent = torch.rand(y.shape, device=device, dtype=torch.float64) + 1
    (grad,) = gradients(y, [x], cotangent)

    def windows(t):
        return t.unfold(2, 2, 2).unfold(3, 3, 3).flatten(-2)

    assert_shape(y, cotangent.shape)
    largest = windows(x) == windows(x).amax(-1, keepdim=True)
    shares = windows(grad)
    if bool((shares[~largest] != 0).any()):
        fail("an element that is not the largest gets a gradient")
    assert_close(
        shares.sum(-1),
        cotangent,
        what="the sum of a window's gradients",
        mistakes={
            "each of the tied elements gets the whole gradient; give it to one, or share it": cotangent * largest.sum(-1),
        },
    )
    if bool((shares < 0).any()):
        fail("a share of the gradient has the wrong sign")


@pytest.mark.parametrize("value", [-3.0, -1e17])
def test_no_gradient_for_padding(submission, device, value):
    """padding takes no part of a gradient, whatever x holds"""
    x = torch.full((2, 3, 6, 5), value, device=device, dtype=torch.float64, requires_grad=True)
    tried(f"a backward pass through max_pool2d(x, 3, 2, 1), where all of x is {value:g}", x=x)
    y = submission.max_pool2d(x, 3, 2, 1)
    cotangent = torch.rand(y.shape, device=device, dtype=torch.float64) + 1
    (grad,) = gradients(y, [x], cotangent)
    assert_close(
        grad.sum((2, 3)),
        cotangent.sum((2, 3)),
        what="the sum of the gradients of each channel",
        hint="a padded cell as large as x's smallest element takes a share at ties (and 1 less is the same number where x is large); pad with -inf",
    )


def test_no_loop_over_positions(submission, device):
    """the number of torch calls does not grow with the batch, the channels or the image"""
    counts = {}
    for name, shape in {"small": (2, 2, 6, 6), "images": (5, 2, 6, 6), "channels": (2, 5, 6, 6), "rows": (2, 2, 16, 6), "columns": (2, 2, 6, 16)}.items():
        x = image(*shape, device=device)
        tried("max_pool2d(x, 2)", x=x)
        counts[name] = len(torch_calls(lambda x=x: submission.max_pool2d(x, 2)))
    for name in ("images", "channels", "rows", "columns"):
        if counts[name] > counts["small"]:
            fail(
                f"{counts['small']} torch calls grow to {counts[name]} with more {name}",
                mistake=f"a Python loop over {name} is what makes it slow; let one tensor operation do all of them",
                hint="x.unfold(2, size, step) gives every window as a view; or loop over the kernel's positions and take strided slices",
            )
