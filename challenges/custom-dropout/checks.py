"""Hidden checks for custom-dropout. A check's docstring is the line the learner sees."""

import pytest
import torch

from drill.checking import assert_close, assert_shape, fail, gradients, tried, unchanged


def ones_and_more(*shape, device, dtype=torch.float32):
    """Nothing near zero, so that a zero in the output was dropped."""
    return torch.rand(shape, device=device, dtype=dtype) + 1


def mask_of(y, shape):
    assert_shape(y, shape)
    return y.detach() != 0


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_p_outside_raises_value_error(submission, p):
    """a p outside [0, 1] raises ValueError"""
    tried(f"Dropout(p={p})")
    try:
        submission.Dropout(p=p)
    except ValueError:
        return
    except Exception as error:
        fail(
            f"Dropout(p={p}) raises {type(error).__name__}, it should be ValueError",
            mistake="assert is for your own slips and vanishes under python -O; raise ValueError for the caller's"
            if isinstance(error, AssertionError)
            else "",
        )
    fail(f"Dropout(p={p}) is accepted", hint="if not 0 <= p <= 1: raise ValueError(...)")


def test_evaluation_is_the_identity(submission, device):
    """eval() lets the input through, and train() drops again"""
    x = ones_and_more(40, 30, device=device)
    layer = submission.Dropout(p=0.4)
    whole = torch.nn.Sequential(layer)
    tried("Dropout(p=0.4).eval()(x)", x=x)
    whole.eval()
    y = layer(x.clone())
    assert_shape(y, x.shape)
    if bool((y == 0).any()):
        fail(
            "elements are dropped in evaluation mode",
            mistake="model.eval() sets self.training to False; look at it in forward",
        )
    assert_close(
        y,
        x,
        mistakes={
            "evaluation scales by 1 - p: that belongs to dropout that leaves training unscaled": x
            * 0.6,
            "evaluation scales by 1 / (1 - p); only training does": x / 0.6,
        },
    )
    whole.train()
    tried("Dropout(p=0.4), eval(), then train() and a call", x=x)
    if not bool((layer(x.clone()) == 0).any()):
        fail(
            "after train() nothing is dropped",
            hint="read self.training at each call; train() and eval() set it",
        )
    tried("with torch.no_grad(): Dropout(p=0.4)(x), training mode", x=x)
    with torch.no_grad():
        dropped = bool((layer(x.clone()) == 0).any())
    if not dropped:
        fail(
            "nothing is dropped under torch.no_grad()",
            hint="only self.training decides, not torch.is_grad_enabled()",
        )


@pytest.mark.parametrize("p", [0.2, None, 0.7], ids=["p=0.2", "default", "p=0.7"])
def test_survivors_are_scaled(submission, device, p):
    """survivors are multiplied by 1 / (1 - p)"""
    x = ones_and_more(30, 40, device=device)
    x[:, 1::2] *= -1
    used = 0.5 if p is None else p
    tried("Dropout()(x)" if p is None else f"Dropout(p={p})(x)", x=x)
    layer = submission.Dropout() if p is None else submission.Dropout(p=p)
    y = layer(x.clone())
    kept = mask_of(y, x.shape)
    if not bool(kept.any()) or bool(kept.all()):
        fail("no element is dropped" if bool(kept.all()) else "every element is dropped")
    assert_close(
        y[kept],
        x[kept] / (1 - used),
        what="what survives",
        mistakes={
            "survivors are not scaled; multiply them by 1 / (1 - p)": x[kept],
            "survivors are divided by p; p is the share that is dropped": x[kept] / used,
            "survivors are multiplied by 1 - p; divide by it": x[kept] * (1 - used),
            "survivors are divided by 1 - p twice": x[kept] / (1 - used) ** 2,
            "the scale is 2 whatever p is": x[kept] * 2,
            "the scale comes from the share that happened to survive; it is 1 / (1 - p)": x[kept]
            / kept.float().mean(),
            **{
                f"the default of p is {other}; it should be 0.5": x[kept] / (1 - other)
                for other in (0.1, 0.2)
                if p is None
            },
        },
    )


def test_mask_is_per_element(submission, device):
    """each element is dropped on its own"""
    shape = (48, 40, 7, 9)
    x = ones_and_more(*shape, device=device)
    tried("Dropout(p=0.5)(x)", x=x)
    kept = mask_of(submission.Dropout(p=0.5)(x.clone()), shape)
    for dim, name in enumerate(["sample", "channel", "row", "column"]):
        same = kept == kept.narrow(dim, 0, 1)
        if bool(same.all()):
            fail(
                f"every {name} gets the same mask (dim {dim} of a 4-D input)",
                mistake="the mask is shared by broadcasting; draw it in the full shape, torch.rand(x.shape)",
            )
        planes = kept.movedim(dim, 0).flatten(1)
        if torch.unique(planes, dim=0).shape[0] < planes.shape[0]:  # by chance: less than 1e-30
            fail(f"some {name}s get the same mask (dim {dim} of a 4-D input)")
    planes = kept.flatten(2).float().mean(-1)
    if bool(((planes == 0) | (planes == 1)).any()):
        fail(
            "whole channels are dropped or kept",
            mistake="that is Dropout2d; Dropout draws for each element",
        )


@pytest.mark.parametrize("p", [0.25, None, 0.7], ids=["p=0.25", "default", "p=0.7"])
def test_share_of_dropped(submission, device, p):
    """p is the share that is dropped"""
    x = ones_and_more(200, 100, device=device)
    used = 0.5 if p is None else p
    tried("Dropout()(x)" if p is None else f"Dropout(p={p})(x)", x=x)
    layer = submission.Dropout() if p is None else submission.Dropout(p=p)
    share = 1 - mask_of(layer(x.clone()), x.shape).double().mean().item()
    # 20000 draws: the standard deviation is at most 0.0036, so this is eight of them.
    if not abs(share - used) < 0.03:
        swapped = abs(share - (1 - used)) < 0.03
        fail(
            f"{share:.1%} of the elements are dropped, expected about {used:.0%}",
            mistake="p is the probability to drop, not to keep" if swapped else "",
        )


def test_each_call_draws_anew(submission, device):
    """a second call and a second layer draw other masks"""
    x = ones_and_more(20, 30, device=device)
    first, second = submission.Dropout(p=0.5), submission.Dropout(p=0.5)
    tried("two calls of one layer, and one of another", x=x)
    a, b = mask_of(first(x.clone()), x.shape), mask_of(first(x.clone()), x.shape)
    if torch.equal(a, b):
        fail(
            "two calls drop the same elements",
            mistake="the mask is kept, or the generator is seeded, between calls; draw a new mask in each forward",
        )
    c = mask_of(second(x.clone()), x.shape)
    if torch.equal(a, c) or torch.equal(b, c):
        fail(
            "two layers drop the same elements",
            mistake="each layer seeds a generator of its own; draw from torch's global random numbers",
        )
    smaller = ones_and_more(4, 3, 2, device=device)
    tried("the same layer on another shape", x=smaller)
    assert_shape(first(smaller.clone()), (4, 3, 2))


def test_follows_the_global_seed(submission, device):
    """torch.manual_seed repeats a mask, and the layer seeds nothing"""
    x = ones_and_more(20, 30, device=device)
    torch.manual_seed(5)
    tried("torch.manual_seed(5); Dropout(p=0.5)")
    layer = submission.Dropout(p=0.5)
    if torch.initial_seed() != 5:
        fail(
            f"after Dropout(p=0.5) was built torch's seed is {torch.initial_seed()}; it was 5 before",
            mistake="the constructor calls torch.manual_seed, and so reseeds the whole program",
        )
    tried("torch.manual_seed(7); layer(x); twice", x=x)
    torch.manual_seed(7)
    first = mask_of(layer(x.clone()), x.shape)
    if torch.initial_seed() != 7:
        fail(
            f"after the call torch's seed is {torch.initial_seed()}; it was 7 before",
            mistake="the layer calls torch.manual_seed, and so reseeds the whole program",
        )
    torch.manual_seed(7)
    again = mask_of(layer(x.clone()), x.shape)
    if not torch.equal(first, again):
        fail(
            "the same torch.manual_seed gives another mask",
            mistake="the random numbers come from elsewhere than torch's global generator, so no experiment can be repeated",
            hint="torch.rand(x.shape, device=x.device)",
        )


def test_number_of_dropped_varies(submission, device):
    """elements are drawn independently, so their number varies"""
    layer = submission.Dropout(p=0.5)
    x = ones_and_more(20, 15, device=device)
    tried("twelve calls of Dropout(p=0.5)", x=x)
    per_call = [mask_of(layer(x.clone()), x.shape) for _ in range(12)]
    fixed = "independent draws give a number that varies; do not pick exactly p * n of them"
    if len({int(kept.sum()) for kept in per_call}) == 1:
        fail("each call drops the same number of elements", mistake=fixed)
    for dim, name in ((0, "column"), (1, "row")):
        counts = per_call[0].sum(dim)
        if bool((counts == counts[0]).all()):  # 15 or more independent counts of 15 or more
            fail(f"every {name} drops the same number of elements", mistake=fixed)


@pytest.mark.parametrize("p", [0.0, 0.5])
def test_input_is_left_alone(submission, device, p):
    """the caller's input is not changed"""
    x = ones_and_more(20, 30, device=device)
    tried(f"Dropout(p={p})(x)", x=x)
    with unchanged(x=x):
        submission.Dropout(p=p)(x)


@pytest.mark.parametrize("p", [0, 0.0, 1, 1.0], ids=["p=0", "p=0.0", "p=1", "p=1.0"])
def test_extreme_p(submission, device, p):
    """p=0 keeps everything, p=1 nothing"""
    x = ones_and_more(30, 40, device=device)
    x.requires_grad_()
    expected = x.detach().clone() if p == 0 else torch.zeros_like(x)
    tried(f"Dropout(p={p})(x)", x=x)
    try:
        y = submission.Dropout(p=p)(x)
    except ZeroDivisionError:
        fail(
            f"p={p} raises ZeroDivisionError",
            mistake="1 / (1 - p) does not exist at p = 1; treat it apart",
        )
    nan = torch.full_like(expected, float("nan"))
    infinite = "0 * (1 / 0) is NaN: at p = 1 the scale is infinite; treat it apart"
    assert_close(y, expected, mistakes={infinite: nan})
    double = x.detach().double()
    tried(f"Dropout(p={p})(x)", x=double)
    assert_close(submission.Dropout(p=p)(double.clone()), double if p == 0 else double * 0)
    if not y.requires_grad:
        return  # no gradient counts as a zero one, and p = 0 is told by the next check
    (grad,) = gradients(y, [x], torch.ones_like(y))
    assert_close(
        grad,
        torch.ones_like(x) if p == 0 else expected,
        what="the gradient",
        mistakes={infinite: nan},
    )


def test_gradient_uses_the_same_mask(submission, device):
    """the gradient is 1 / (1 - p) where the value survived, else zero"""
    layer = submission.Dropout(p=0.3)
    x = ones_and_more(20, 30, device=device).requires_grad_()
    cotangent = torch.rand(20, 30, device=device) + 1
    for mode in ("train", "eval"):
        getattr(layer, mode)()
        tried(f"a backward pass through Dropout(p=0.3), {mode} mode", x=x)
        y = layer(x)
        kept = mask_of(y, x.shape)
        assert y.requires_grad, (
            "the output is cut off from the graph: look for .detach(), .data or no_grad"
        )
        (grad,) = gradients(y, [x], cotangent)
        assert_close(
            grad,
            cotangent * kept / 0.7 if mode == "train" else cotangent,
            what="the gradient of x",
            mistakes={
                "the gradient passes the dropped elements too; it needs the mask": cotangent / 0.7,
                "the gradient ignores mask and scale": cotangent,
                "the gradient is masked, and not scaled by 1 / (1 - p)": cotangent * kept,
                "no gradient reaches x": torch.zeros_like(cotangent),
            },
            hint="y = x * mask / (1 - p) gets the right gradient from autograd",
        )


def test_input_need_not_be_contiguous(submission, device):
    """an input that is not contiguous works"""
    x = ones_and_more(30, 20, 4, device=device).transpose(0, 1)
    tried("Dropout(p=0.3)(x)", x=x)
    try:
        y = submission.Dropout(p=0.3)(x)
    except RuntimeError as error:
        fail(
            f"raises RuntimeError: {error}",
            hint="draw the mask in x.shape, which needs no view; or use x.reshape",
        )
    assert_close(y, x * mask_of(y, x.shape) / 0.7)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=["float64", "bfloat16"])
def test_dtype_is_kept(submission, device, dtype):
    """the result has the input's dtype"""
    x = ones_and_more(20, 30, device=device, dtype=dtype)
    layer = submission.Dropout(p=0.3)
    for mode in ("train", "eval"):
        getattr(layer, mode)()
        tried(f"Dropout(p=0.3)(x), {mode} mode", x=x)
        y = layer(x.clone())
        kept = mask_of(y, x.shape)
        expected = x * kept / 0.7 if mode == "train" else x
        assert_close(
            y,
            expected,
            hint="a float32 mask turns bfloat16 into float32; use a bool mask, or mask.to(x.dtype)",
        )


def test_mask_is_on_the_inputs_device(submission):
    """the mask is made on the input's device"""
    # Every machine has a second device: meta, here the default that must not be used. An input on meta
    # itself would be simpler, but computing there imports SymPy first.
    x = ones_and_more(20, 30, device="cpu")
    layer = submission.Dropout(p=0.3)
    tried("Dropout(p=0.3)(x), where x is on the CPU and the default device is another", x=x)
    hint = "torch.rand(x.shape, device=x.device)"
    try:
        with torch.device("meta"):
            y = layer(x)
    except (RuntimeError, NotImplementedError) as error:
        if "device" in str(error):
            fail(f"an input on another device raises: {error}", hint=hint)
        return  # an operation that the meta device lacks, or a copy from it, is no mistake
    if y.device != x.device:
        fail(f"the result is on {y.device}, the input on {x.device}: another device", hint=hint)
