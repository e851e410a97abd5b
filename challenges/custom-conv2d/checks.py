"""Hidden checks for custom-conv2d. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import assert_close, assert_same_gradients, fail, torch_calls, tried, unchanged


def data(
    *, n=2, c_in=3, c_out=4, size=(7, 9), kernel=(3, 2), groups=1, device, dtype=torch.float32
):
    """An image, a kernel and a bias whose sizes all differ."""
    x = torch.randn(n, c_in, *size, device=device, dtype=dtype)
    weight = torch.randn(c_out, c_in // groups, *kernel, device=device, dtype=dtype)
    bias = torch.randn(c_out, device=device, dtype=dtype) + 3
    return x, weight, bias


def compare(submission, x, weight, bias, mistakes=None, **options):
    expected = F.conv2d(x, weight, bias, **options)
    text = "".join(f", {name}={value}" for name, value in options.items())
    tried(f"conv2d(x, weight, bias{text})", x=x, weight=weight)
    y = submission.conv2d(x.clone(), weight.clone(), bias.clone(), **options)
    assert_close(y, expected, mistakes=mistakes)


def test_plain_convolution(submission, device):
    """stride 1, no padding: the output equals F.conv2d"""
    x, weight, bias = data(device=device)
    without = F.conv2d(x, weight)
    compare(
        submission, x, weight, bias,
        {
            "the kernel is flipped; deep learning's convolution does not": F.conv2d(x, weight.flip(-2, -1), bias),
            "the kernel's rows and columns are exchanged": lambda: F.conv2d(x, weight.transpose(2, 3).reshape(weight.shape), bias),
            "the bias is never added": without,
            "the bias is subtracted": without - bias.view(-1, 1, 1),
        },
    )  # fmt: skip


def test_bias_is_optional(submission, device):
    """no bias, or None, adds nothing"""
    x, weight, _ = data(device=device)
    expected = F.conv2d(x, weight)
    tried("conv2d(x, weight)", x=x, weight=weight)
    assert_close(submission.conv2d(x.clone(), weight.clone()), expected)
    tried("conv2d(x, weight, None)", x=x, weight=weight)
    assert_close(submission.conv2d(x.clone(), weight.clone(), None), expected)


@pytest.mark.parametrize("stride", [2, (2, 3), (3, 1)], ids=str)
def test_stride(submission, device, stride):
    """stride, as an int and as a pair"""
    x, weight, bias = data(device=device, size=(8, 11))
    mistakes = {"stride is ignored": F.conv2d(x, weight, bias)}
    if isinstance(stride, tuple):
        mistakes["the pair is taken as (width, height)"] = F.conv2d(x, weight, bias, stride[::-1])
        mistakes["the first number of stride is used for both directions"] = F.conv2d(
            x, weight, bias, stride[0]
        )
        mistakes["the second number of stride is used for both directions"] = F.conv2d(
            x, weight, bias, stride[1]
        )
    compare(submission, x, weight, bias, mistakes, stride=stride)


@pytest.mark.parametrize("padding", [1, (1, 2), (0, 3)], ids=str)
def test_padding(submission, device, padding):
    """padding, as an int and as a pair"""
    x, weight, bias = data(device=device)
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    mistakes = {
        "padding is ignored": F.conv2d(x, weight, bias),
        "only the top and left are padded": F.conv2d(F.pad(x, (pw, 0, ph, 0)), weight, bias),
        "only the bottom and right are padded": F.conv2d(F.pad(x, (0, pw, 0, ph)), weight, bias),
        "all of the padding is at the top and left": F.conv2d(
            F.pad(x, (2 * pw, 0, 2 * ph, 0)), weight, bias
        ),
        "all of the padding is at the bottom and right": F.conv2d(
            F.pad(x, (0, 2 * pw, 0, 2 * ph)), weight, bias
        ),
        "the border is repeated; pad with zeros": lambda: F.conv2d(
            F.pad(x, (pw, pw, ph, ph), mode="replicate"), weight, bias
        ),
    }
    if isinstance(padding, tuple):
        mistakes["the pair is taken as (width, height); F.pad wants the last dimension first"] = (
            F.conv2d(x, weight, bias, 1, padding[::-1])
        )
        mistakes["the first number of padding is used for both directions"] = F.conv2d(
            x, weight, bias, 1, padding[0]
        )
    compare(submission, x, weight, bias, mistakes, padding=padding)


@pytest.mark.parametrize("dilation", [2, (2, 3), (1, 4)], ids=str)
def test_dilation(submission, device, dilation):
    """dilation, as an int and as a pair"""
    x, weight, bias = data(device=device, size=(9, 12), kernel=(3, 3))
    expected = F.conv2d(x, weight, bias, dilation=dilation)
    undilated = F.conv2d(x, weight, bias)
    mistakes = {
        "dilation is ignored": undilated,
        "dilation changes the size and not the positions": undilated[
            ..., : expected.shape[2], : expected.shape[3]
        ],
    }
    if isinstance(dilation, tuple):
        mistakes["the pair is taken as (width, height)"] = F.conv2d(
            x, weight, bias, dilation=dilation[::-1]
        )
    compare(submission, x, weight, bias, mistakes, dilation=dilation)


@pytest.mark.parametrize(
    ("groups", "c_in", "c_out"), [(2, 4, 6), (3, 6, 3), (4, 4, 4), (4, 4, 8)],
    ids=["2 groups", "3 groups", "depthwise", "depthwise, 2 outputs each"],
)  # fmt: skip
def test_groups(submission, device, groups, c_in, c_out):
    """groups are consecutive blocks of channels"""
    x, weight, bias = data(device=device, c_in=c_in, c_out=c_out, groups=groups)
    dealt_in = torch.arange(c_in).view(-1, groups).T.flatten()  # channel c in group c % groups
    dealt_out = torch.arange(c_out).view(-1, groups).T.flatten()
    reordered = torch.empty_like(F.conv2d(x, weight, bias, groups=groups))
    reordered[:, dealt_out] = F.conv2d(x, weight[dealt_out], bias[dealt_out], groups=groups)
    compare(
        submission, x, weight, bias,
        {
            "input channels are dealt out in turn (c % groups); a group is a block of neighbours": F.conv2d(x[:, dealt_in], weight, bias, groups=groups),
            "output channels are dealt out in turn (c % groups); a group is a block of neighbours": reordered,
            "every group sees the first block of the input channels": F.conv2d(
                x[:, : c_in // groups].repeat(1, groups, 1, 1), weight, bias, groups=groups
            ),
            "the bias is never added where there are groups": F.conv2d(x, weight, groups=groups),
            "every group gets the first block of the bias": F.conv2d(x, weight, bias[: c_out // groups].repeat(groups), groups=groups),
        },
        groups=groups,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ({"size": (11, 14), "kernel": (3, 2), "c_in": 4, "c_out": 6, "groups": 2}, {"stride": (2, 3), "padding": (3, 1), "dilation": (2, 4), "groups": 2}),
        ({"size": (10, 6), "kernel": (2, 4), "c_in": 6, "c_out": 3, "groups": 3}, {"stride": (3, 1), "padding": (0, 2), "dilation": (3, 2), "groups": 3}),
        ({"size": (8, 5), "kernel": (1, 1), "c_in": 5, "c_out": 2}, {"stride": 2}),
        ({"size": (4, 6), "kernel": (4, 6), "n": 1}, {}),
        ({"size": (2, 3), "kernel": (3, 5), "n": 3, "c_in": 1, "c_out": 1}, {"padding": (1, 2)}),
    ],
    ids=["all at once", "all at once, other sizes", "1x1 kernel", "kernel as large as the image", "kernel larger than the image"],
)  # fmt: skip
def test_all_together(submission, device, sizes, options):
    """stride, padding, dilation and groups at once, and the smallest sizes"""
    x, weight, bias = data(device=device, **sizes)
    compare(submission, x, weight, bias, **options)


@pytest.mark.parametrize("order", [(0, 1, 3, 2), (0, 3, 1, 2)], ids=["transposed", "channels last"])
def test_float64_and_layout(submission, device, order):
    """float64 stays float64, and inputs that are not contiguous work"""
    x, weight, bias = data(
        device=device, size=(9, 7), kernel=(2, 3), c_in=4, c_out=6, groups=2, dtype=torch.float64
    )
    back = sorted(range(4), key=order.__getitem__)  # the same sizes on other strides
    x, weight = (t.permute(back).contiguous().permute(order).transpose(2, 3) for t in (x, weight))
    expected = F.conv2d(x, weight, bias, groups=2)
    tried("conv2d(x, weight, bias, groups=2)", x=x, weight=weight)
    try:
        y = submission.conv2d(x, weight, bias, groups=2)
    except RuntimeError as error:
        fail(
            f"raises RuntimeError: {error}",
            hint="nothing should be cast to float32, and reshape copies where view cannot",
        )
    assert_close(y, expected)


def test_arguments_are_left_alone(submission, device):
    """x, weight and bias are not changed"""
    x, weight, bias = data(device=device)
    tried("conv2d(x, weight, bias, padding=1)", x=x, weight=weight)
    with unchanged(x=x, weight=weight, bias=bias):
        submission.conv2d(x, weight, bias, padding=1)


@pytest.mark.parametrize("with_bias", [True, False], ids=["bias", "no bias"])
def test_gradients_match_autograd(submission, device, with_bias):
    """x, weight and bias receive the right gradients"""
    x, weight, bias = data(
        device=device, size=(8, 10), c_in=4, c_out=6, groups=2, dtype=torch.float64
    )
    bias.zero_()  # as a bias starts: it needs its gradient all the same
    leaves = {"weight": weight, "x": x} | ({"bias": bias} if with_bias else {})
    for leaf in leaves.values():
        leaf.requires_grad_()
    arguments = (x, weight, bias if with_bias else None, (2, 1), (1, 2), (1, 2), 2)
    tried(
        f"a backward pass through conv2d(x, weight, {'bias' if with_bias else 'None'}, (2, 1), (1, 2), (1, 2), 2)",
        x=x,
    )
    assert_same_gradients(submission.conv2d(*arguments), F.conv2d(*arguments), leaves)


def test_no_loop_over_positions(submission, device):
    """the number of torch calls does not grow with the batch or the image"""
    counts = {}
    for name, n, size in (
        ("small", 2, (6, 7)),
        ("batch", 5, (6, 7)),
        ("tall", 2, (15, 7)),
        ("wide", 2, (6, 17)),
    ):
        x, weight, bias = data(device=device, n=n, size=size)
        tried("conv2d(x, weight, bias)", x=x, weight=weight)
        counts[name] = len(torch_calls(lambda x=x, w=weight, b=bias: submission.conv2d(x, w, b)))
    for name, what in (("batch", "images"), ("tall", "output rows"), ("wide", "output columns")):
        if counts[name] > counts["small"]:
            fail(
                f"{counts['small']} torch calls grow to {counts[name]} with more {what}",
                mistake=f"a Python loop over {what} is what makes it slow; let one tensor operation do all of them",
                hint="F.unfold gives every window as a column; or loop over the kernel's positions and take strided slices",
            )
