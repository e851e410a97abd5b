"""Hidden checks for tensor-creation. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from drill.checking import assert_close, fail, noncontiguous, torch_calls, tried, unchanged


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [
        (0, 5, 1),
        (2, 11, 3),
        (2, 12, 3),
        (0.5, 2.25, 0.5),
        (0, 3.25, 1),
        (-3, -9, -2),
        (1, -1, -0.75),
        (4, 4, 1),
        (5, 2, 1),
    ],
    ids=[
        "by 1",
        "end is hit",
        "end is passed",
        "fractions",
        "a short last step",
        "backwards",
        "backwards by fractions",
        "empty",
        "end before start",
    ],
)
def test_arange(submission, device, start, end, step):
    """arange gives start, start + step, ... without end"""
    tried(f"arange({start}, {end}, {step})")
    try:
        got = (
            submission.arange(start, end, step, device=device)
            if step != 1
            else submission.arange(start, end, device=device)
        )
    except (RuntimeError, ValueError) as error:
        fail(
            f"it raises {type(error).__name__}: {error}",
            hint="the count is ceil((end - start) / step), and at least 0",
        )
    expected = torch.arange(start, max(start, end) if step > 0 else end, step, device=device)
    mistakes = {"the values start at 0, not at start": expected - start}
    if len(expected):
        mistakes["the end is included"] = torch.arange(start, end + step, step, device=device)
        mistakes[
            "the count is rounded down; a last step that does not fit whole still has its first value"
        ] = expected[:-1]
    assert_close(
        got,
        expected,
        mistakes=mistakes,
        hint="ceil((end - start) / step) values",
        check_dtype=False,
    )


def test_arange_dtype(submission, device):
    """arange is int64 for ints and float32 otherwise, unless told"""
    for arguments in ((0, 4, 1), (0, 4, 2), (0.0, 4, 1), (0, 4.5, 1), (0, 4, 0.5)):
        tried(f"arange{arguments}")
        assert_close(
            submission.arange(*arguments, device=device), torch.arange(*arguments, device=device)
        )
    for dtype in (torch.float64, torch.int32, torch.float32):
        tried(f"arange(1, 4, dtype={dtype})")
        assert_close(
            submission.arange(1, 4, dtype=dtype, device=device),
            torch.arange(1, 4, dtype=dtype, device=device),
        )
    tried("arange(1.0, 4.0, dtype=torch.int64)")
    assert_close(
        submission.arange(1.0, 4.0, dtype=torch.int64, device=device),
        torch.arange(1, 4, device=device),
        hint="arithmetic with a float makes floats of integers; convert the result, .to(dtype)",
    )


def test_large_integers_are_exact(submission, device):
    """large integers are exact"""
    start = 2**60 + 1
    tried("arange(2**60 + 1, 2**60 + 10, 3)")
    got = submission.arange(start, start + 9, 3, device=device)
    expected = torch.arange(start, start + 9, 3, device=device)
    if (
        isinstance(got, torch.Tensor)
        and got.shape == expected.shape
        and not torch.equal(got, expected)
    ):
        fail(
            f"the first values are {got[:2].tolist()}, expected {expected[:2].tolist()}",
            mistake="floating point was used on the way: float32 holds 24 bits, float64 53",
        )
    assert_close(got, expected)


def test_step_of_zero(submission, device):
    """a step of 0 raises ValueError"""
    for step in (0, 0.0):
        tried(f"arange(0, 5, {step})")
        try:
            got = submission.arange(0, 5, step, device=device)
        except ValueError:
            continue
        except Exception as error:
            fail(f"expected a ValueError, got {type(error).__name__}: {error}")
        fail(f"expected a ValueError, got a tensor of shape {tuple(got.shape)}")


@pytest.mark.parametrize(
    ("start", "end", "steps"),
    [(0, 1, 5), (-2.0, 4.0, 7), (3, -1, 4), (2.5, 9, 1), (1, 2, 0), (1.5, 4, 2)],
    ids=["0 to 1", "fractions", "backwards", "one step", "no step", "two steps"],
)
def test_linspace(submission, device, start, end, steps):
    """linspace includes both ends"""
    tried(f"linspace({start}, {end}, {steps})")
    expected = torch.linspace(start, end, steps, device=device)
    try:
        got = submission.linspace(start, end, steps, device=device)
    except (ZeroDivisionError, RuntimeError) as error:
        fail(
            f"{steps} steps raises {type(error).__name__}: {error}",
            hint="one step gives start, no step an empty tensor",
        )
    mistakes = {}
    if steps:
        short = start + (end - start) * torch.arange(steps, device=device) / steps
        mistakes[
            "the gap is (end - start) / (steps - 1): there is one gap less than there are values"
        ] = short
    assert_close(got, expected, mistakes=mistakes)


def test_linspace_dtype(submission, device):
    """linspace has the dtype asked for"""
    for dtype in (torch.float64, torch.int64):
        tried(f"linspace(0, 8, 5, dtype={dtype})")
        assert_close(
            submission.linspace(0, 8, 5, dtype=dtype, device=device),
            torch.linspace(0, 8, 5, dtype=dtype, device=device),
            hint="a division makes floats of integers; convert the result, .to(dtype)",
        )


def test_float64_is_precise(submission, device):
    """dtype=float64 is precise, not float32 cast up"""
    cases = {
        "linspace(0.1, 0.7, 1001)": (
            submission.linspace(0.1, 0.7, 1001, dtype=torch.float64, device=device),
            torch.linspace(0.1, 0.7, 1001, dtype=torch.float64, device=device),
        ),
        "arange(0.1, 100, 0.3)": (
            submission.arange(0.1, 100, 0.3, dtype=torch.float64, device=device),
            torch.arange(0.1, 100, 0.3, dtype=torch.float64, device=device),
        ),
    }
    for call, (got, expected) in cases.items():
        tried(f"{call[:-1]}, dtype=torch.float64)")
        # 1e-9: a value that went through float32 is off by about 1e-8 of itself
        assert_close(
            got,
            expected,
            hint="compute in the dtype asked for; float32 keeps 7 digits",
            rtol=1e-10,
            atol=1e-10,
        )


def test_eye(submission, device):
    """eye has ones on its diagonal"""
    for sizes in ((3, 5), (5, 2), (4,), (1, 3), (3, 0)):
        tried(f"eye{sizes}")
        assert_close(submission.eye(*sizes, device=device), torch.eye(*sizes, device=device))
    tried("eye(2, 3, dtype=torch.int64)")
    expected = torch.eye(2, 3, dtype=torch.int64, device=device)
    assert_close(submission.eye(2, 3, dtype=torch.int64, device=device), expected)


@pytest.mark.parametrize(
    "shape", [(4,), (2, 3), (), (1,)], ids=["1-D", "2-D", "scalar", "one label"]
)
def test_one_hot(submission, device, shape):
    """one_hot marks each label"""
    labels = torch.randint(4, shape, device=device)  # so that the last class never occurs
    tried("one_hot(labels, 5)", labels=labels)
    got = submission.one_hot(labels, 5)
    if isinstance(got, torch.Tensor) and got.shape == (*shape, int(labels.max()) + 1):
        fail(
            f"the result has {got.shape[-1]} classes, expected num_classes = 5, also where some do not occur"
        )
    assert_close(got, F.one_hot(labels, 5))


@pytest.mark.parametrize("label", [3, -1])
def test_labels_out_of_range(submission, device, label):
    """a label out of range raises ValueError"""
    labels = torch.tensor([0, label, 2], device=device)
    tried("one_hot(labels, 3)", labels=labels.tolist())
    try:
        got = submission.one_hot(labels, 3)
    except ValueError:
        return
    except Exception as error:
        fail(f"the label {label} should raise a ValueError, got {type(error).__name__}: {error}")
    fail(
        f"the label {label} should raise a ValueError, got {got.tolist()}",
        hint="a comparison makes a row of zeros of it, which nobody notices",
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int32], ids=str)
def test_count_like(submission, device, dtype):
    """count_like has the shape and dtype of x and counts along the last dimension"""
    for shape in ((2, 4, 3), (5,), (3, 1), (2, 3001)):  # float16 counts to 2048
        x = torch.full(shape, 7, dtype=dtype, device=device)
        if dtype.is_floating_point:  # its values do not matter
            x.view(-1)[0] = float("nan")
            x = noncontiguous(x)
        tried("count_like(x)", x=x)
        steps = torch.arange(shape[-1], device=device).to(dtype)
        whole = torch.arange(x.numel(), device=device).view(shape).to(dtype)
        first = (
            torch.arange(shape[0], device=device)
            .view(-1, *[1] * (x.ndim - 1))
            .expand(shape)
            .to(dtype)
        )
        with unchanged(x=x):
            got = submission.count_like(x)
        assert_close(
            got,
            steps.expand(shape).clone(),
            mistakes={
                "it counts over the whole tensor; start again at 0 in each row": whole,
                "it counts along the first dimension": first,
            },
        )


def test_count_like_has_memory_of_its_own(submission, device):
    """writing to one place of count_like's result changes one place"""
    x = torch.ones(3, 4, device=device, requires_grad=True)
    tried("result = count_like(x); result[0, 1] = 50", x=x)
    got = submission.count_like(x)
    assert not got.requires_grad, "the result needs no gradient, whatever x does"
    try:
        got[0, 1] = 50.0
    except RuntimeError as error:
        fail(f"writing raises: {error}")
    if got[1, 1] != 1:
        fail(
            "writing to row 0 changed row 1 too",
            mistake="expand repeats the same memory in every row; clone it",
        )
    assert torch.equal(x.detach(), torch.ones_like(x)), "writing to the result changed x"


def test_device_is_kept(submission):
    """the result is made on the device asked for"""
    # Every machine has a second device: meta, here the default that must not be used. Asking for a
    # result on meta would import SymPy first.
    labels, x = torch.tensor([1, 0]), torch.ones(2, 3)
    calls = {
        "arange(0, 5, 2, device='cpu')": (
            lambda: submission.arange(0, 5, 2, device="cpu"),
            torch.arange(0, 5, 2),
        ),
        "arange(0, 1, 0.25, device='cpu')": (
            lambda: submission.arange(0, 1, 0.25, device="cpu"),
            torch.arange(0, 1, 0.25),
        ),
        "arange(3, 0, device='cpu')": (
            lambda: submission.arange(3, 0, device="cpu"),
            torch.arange(0),
        ),
        "linspace(0, 1, 5, device='cpu')": (
            lambda: submission.linspace(0, 1, 5, device="cpu"),
            torch.linspace(0, 1, 5),
        ),
        "linspace(2, 3, 1, device='cpu')": (
            lambda: submission.linspace(2, 3, 1, device="cpu"),
            torch.linspace(2, 3, 1),
        ),
        "eye(2, 3, device='cpu')": (lambda: submission.eye(2, 3, device="cpu"), torch.eye(2, 3)),
        "one_hot(labels, 3), where labels is on the CPU": (
            lambda: submission.one_hot(labels, 3),
            F.one_hot(labels, 3),
        ),
        "count_like(x), where x is on the CPU": (
            lambda: submission.count_like(x),
            torch.arange(3.0).expand(2, 3).clone(),
        ),
    }
    hint = "make every tensor with device=device, with device=labels.device or with device=x.device"
    for call, (function, expected) in calls.items():
        tried(f"{call}, and the default device is another")
        try:
            with torch.device("meta"):
                got = function()
        except (RuntimeError, NotImplementedError) as error:
            fail(f"it raises {type(error).__name__}: {error}", hint=hint)
        assert_close(got, expected, hint=hint)


class LongLists(TorchFunctionMode):
    """Notes a Python list of numbers that is handed to torch."""

    def __init__(self):
        super().__init__()
        self.longest = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        for argument in (*args, *(kwargs or {}).values()):
            if isinstance(argument, list | tuple | range):
                self.longest = max(self.longest, len(argument))
        return func(*args, **(kwargs or {}))


def test_no_python_loop(submission, device):
    """neither the number of torch calls nor a Python list grows with the size"""
    calls = {
        "arange(0, n)": lambda n: submission.arange(0, n, device=device),
        "linspace(0, 1, n)": lambda n: submission.linspace(0, 1, n, device=device),
        "eye(n, n + 1)": lambda n: submission.eye(n, n + 1, device=device),
        "one_hot(labels, n + 1) of n labels": lambda n: submission.one_hot(
            torch.full((n,), n, device=device), n + 1
        ),
        "count_like(x), where x is (n, n)": lambda n: submission.count_like(
            torch.ones(n, n, device=device)
        ),
    }
    for call, function in calls.items():
        tried(f"{call} with n = 3 and with n = 40")
        few, many = (len(torch_calls(lambda f=function, n=n: f(n))) for n in (3, 40))
        if many > few:
            fail(
                f"{few} torch calls for n = 3, {many} for n = 40",
                mistake="a Python loop makes one torch call after the other; broadcasting makes one for all",
            )
        with LongLists() as lists:
            function(40)
        if lists.longest > 20:
            fail(
                f"a Python list of {lists.longest} items is handed to torch",
                mistake="a Python list is filled one number at a time, and copied then",
                hint="torch.ones(n).cumsum(0) counts inside torch",
            )
