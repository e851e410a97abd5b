"""All that hidden checks may import from drill: comparing with an oracle and naming what went wrong."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_leaves

Wrong: TypeAlias = Any  # a value a known mistake would give, or a function that computes it

# Captured before any submission is imported: a submission may replace what it can reach.
_isclose, _equal, _as_plain = torch.isclose, torch.equal, Tensor.as_subclass
_no_overrides = torch._C.DisableTorchFunctionSubclass
_tried: list[str] = []


class CheckFailure(AssertionError):
    """A check's verdict with its parts kept apart, so that the report can lay them out."""

    def __init__(
        self, message: str, *, details: Iterable[str] = (), mistake: str = "", hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)
        self.mistake = mistake
        self.hint = hint


def fail(
    message: str, *, details: Iterable[str] = (), mistake: str = "", hint: str = ""
) -> NoReturn:
    """Fail the check; `mistake` names the wrong idea where it was recognised."""
    raise CheckFailure(message, details=details, mistake=mistake, hint=hint)


def tried(call: str, **values: Any) -> None:
    """Note what is about to be tried, such as `softmax(x, dim=1)`; a failure shows the last note.

    Each named value is shown by shape, dtype and device (a tensor) or as it is (anything else).
    """
    parts = [f"{name}: {describe(value)}" for name, value in values.items()]
    _tried[:] = [call, *parts]


def last_tried() -> list[str]:
    """The last note of `tried` in this check."""
    return [line for line in _tried if line]


def describe(value: Any) -> str:
    """A value in a few words: `float32 (2, 3)` for a tensor, its repr for anything short."""
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        device = "" if value.device.type == "cpu" else f" on {value.device}"
        shape = tuple(value.shape)
        layout = "" if value.is_contiguous() else ", not contiguous"
        if value.ndim == 0 and value.device.type == "cpu" and not value.is_complex():
            return f"{dtype} scalar {value.item():.6g}{device}"
        return f"{dtype} {shape}{layout}{device}"
    if isinstance(value, list | tuple) and value and all(isinstance(v, Tensor) for v in value):
        return f"{type(value).__name__} of {len(value)}: " + ", ".join(
            describe(v) for v in value[:4]
        )
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def plain(value: Any) -> Any:
    """The value as an ordinary tensor, so that no subclass of the submission's takes part in a comparison."""
    if not isinstance(value, Tensor) or type(value) in (Tensor, torch.nn.Parameter):
        return value
    with _no_overrides():
        return _as_plain(value, Tensor)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    mistakes: Mapping[str, Wrong] | None = None,
    hint: str = "",
    what: str = "the result",
    rtol: float | None = None,
    atol: float | None = None,
    check_dtype: bool = True,
) -> None:
    """Compare with an oracle: shape, then dtype and device, then values; name the mistake where one fits.

    `expected` may be a tensor, a number, or a (nested) tuple, list or dict of them; a number also
    accepts a tensor of one element. `mistakes` maps a sentence that names a wrong idea to the value
    that idea would give. Tolerances are those for the dtype (`_TOLERANCES`) unless given. NaN equals NaN.

    Raises:
        CheckFailure: `actual` is not close to `expected`.
    """
    if isinstance(expected, Mapping):
        _compare_mappings(actual, expected, mistakes, hint, what, rtol, atol, check_dtype)
        return
    if isinstance(expected, tuple | list):
        _compare_sequences(actual, expected, mistakes, hint, what, rtol, atol, check_dtype)
        return
    problem = _difference(actual, expected, what, rtol, atol, check_dtype)
    if problem is None:
        return
    message, details = problem
    mistake = _recognise(actual, expected, mistakes or {}, rtol, atol)
    raise CheckFailure(message, details=details, mistake=mistake, hint=hint)


def _compare_mappings(
    actual: Any, expected: Mapping[Any, Any], mistakes: Any, hint: str, what: str, *options: Any
) -> None:
    if not isinstance(actual, Mapping):
        fail(f"{what} should be a dict, got {_kind(actual)}", hint=hint)
    if set(actual) != set(expected):
        fail(
            f"{what} should have the keys {sorted(map(str, expected))}, got {sorted(map(str, actual))}",
            hint=hint,
        )
    for key in expected:
        _compare_item(actual, expected, key, mistakes, hint, f"{what}[{key!r}]", *options)


def _compare_sequences(
    actual: Any, expected: Sequence[Any], mistakes: Any, hint: str, what: str, *options: Any
) -> None:
    if not isinstance(actual, tuple | list):
        fail(
            f"{what} should be a {type(expected).__name__} of {len(expected)}, got {_kind(actual)}",
            hint=hint,
        )
    if len(actual) != len(expected):
        fail(f"{what} should have {len(expected)} items, got {len(actual)}", hint=hint)
    for index in range(len(expected)):
        _compare_item(actual, expected, index, mistakes, hint, f"{what}[{index}]", *options)


def _compare_item(
    actual: Any, expected: Any, key: Any, mistakes: Any, hint: str, what: str,
    rtol: float | None, atol: float | None, check_dtype: bool,
) -> None:  # fmt: skip
    wrong = {}
    for sentence, value in (mistakes or {}).items():
        value = value() if callable(value) else value
        try:
            wrong[sentence] = value[key]
        except (KeyError, IndexError, TypeError):
            continue
    assert_close(
        actual[key], expected[key], mistakes=wrong, hint=hint, what=what,
        rtol=rtol, atol=atol, check_dtype=check_dtype,
    )  # fmt: skip


def _kind(value: Any) -> str:
    return "None (is a return missing?)" if value is None else f"a {type(value).__name__}"


def _difference(
    actual: Any,
    expected: Any,
    what: str,
    rtol: float | None,
    atol: float | None,
    check_dtype: bool,
) -> tuple[str, list[str]] | None:
    """What separates the two, as a sentence and its details; None where they are close."""
    if not isinstance(expected, Tensor):
        return _number_difference(actual, expected, what, rtol, atol)
    if not isinstance(actual, Tensor):
        return f"{what} should be a tensor, got {_kind(actual)}", []
    actual, expected = plain(actual).detach(), expected.detach()
    details = [f"expected  {describe(expected)}", f"got       {describe(actual)}"]
    if actual.shape != expected.shape:
        return (
            f"{what} has the shape {tuple(actual.shape)}, expected {tuple(expected.shape)}",
            details,
        )
    if check_dtype and actual.dtype != expected.dtype:
        return f"{what} has the dtype {actual.dtype}, expected {expected.dtype}", details
    if actual.device != expected.device:
        return f"{what} is on {actual.device}, expected {expected.device}", details
    if actual.layout != expected.layout:
        return f"{what} has the layout {actual.layout}, expected {expected.layout}", details
    close = _close(actual, expected, rtol, atol)
    if bool(close.all()):
        return None
    return f"{what} has wrong values", [*details, *_value_details(actual, expected, close)]


def _number_difference(
    actual: Any, expected: Any, what: str, rtol: float | None, atol: float | None
) -> tuple[str, list[str]] | None:
    if isinstance(expected, bool) or not isinstance(expected, int | float | complex):
        # strings, None, dtypes, devices, sizes
        same = type(actual) is type(expected) and actual == expected
        return None if same else (f"{what} should be {expected!r}, got {describe(actual)}", [])
    if isinstance(actual, Tensor) and actual.numel() == 1:
        actual = plain(actual).item()
    elif hasattr(actual, "item") and type(actual).__module__ == "numpy":
        actual = actual.item()
    if type(actual) not in (int, float, complex):
        return f"{what} should be the number {expected:.6g}, got {_kind(actual)}", []
    # Python's floats are float64, but the numbers behind them mostly were float32
    close = _close(
        torch.tensor(actual, dtype=torch.float64),
        torch.tensor(expected, dtype=torch.float64),
        1.3e-6 if rtol is None else rtol,
        1e-5 if atol is None else atol,
    )
    return None if bool(close) else (f"{what} should be {expected:.6g}, got {actual:.6g}", [])


# Those of torch.testing.assert_close, but for double precision: its 1e-7 lets pass what went through
# float32 on the way. Less than 1e-8 would refuse F.softplus, which is linear above 20: e^-20 is 2e-9.
_TOLERANCES = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-8, 1e-8),
    torch.complex64: (1.3e-6, 1e-5),
    torch.complex128: (1e-8, 1e-8),
}


def _close(actual: Tensor, expected: Tensor, rtol: float | None, atol: float | None) -> Tensor:
    default = _TOLERANCES.get(expected.dtype, (0.0, 0.0))
    rtol = default[0] if rtol is None else rtol
    atol = default[1] if atol is None else atol
    if actual.dtype == torch.bool or expected.dtype == torch.bool:
        actual, expected = actual.to(torch.uint8), expected.to(torch.uint8)
    if actual.dtype != expected.dtype:
        common = torch.promote_types(actual.dtype, expected.dtype)
        actual, expected = actual.to(common), expected.to(common)
    return _isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True)


def _value_details(actual: Tensor, expected: Tensor, close: Tensor) -> Iterator[str]:
    wrong = int((~close).sum())
    if close.ndim:
        yield f"{wrong} of {close.numel()} values differ"
    if actual.is_complex() or expected.is_complex():
        gap = (actual.to(torch.complex128) - expected.to(torch.complex128)).abs()
    else:
        gap = (actual.to(torch.float64) - expected.to(torch.float64)).abs()
    # A NaN is the largest difference there is: it hides from max() otherwise.
    gap = torch.where(close, torch.zeros_like(gap), torch.nan_to_num(gap, nan=float("inf")))
    flat = int(gap.argmax())
    index = (
        tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), gap.shape))
        if gap.ndim
        else ()
    )
    where = f" at {list(index)}" if index else ""
    got, want = actual[index].item(), expected[index].item()
    yield f"largest difference{where}: got {got:.6g}, expected {want:.6g}"


def _recognise(
    actual: Any,
    expected: Any,
    mistakes: Mapping[str, Wrong],
    rtol: float | None,
    atol: float | None,
) -> str:
    """The first mistake whose value is the actual one, and differs from the expected one."""
    for sentence, wrong in mistakes.items():
        if callable(wrong):
            wrong = wrong()
        if (
            not isinstance(wrong, Tensor)
            and isinstance(expected, Tensor)
            and isinstance(actual, Tensor)
        ):
            wrong = torch.as_tensor(wrong, dtype=expected.dtype, device=expected.device)
        told_apart = _difference(wrong, expected, "", rtol, atol, check_dtype=False) is not None
        if told_apart and _difference(actual, wrong, "", rtol, atol, check_dtype=False) is None:
            return sentence
    return _THROUGH_FLOAT32 if _as_close_as_float32(actual, expected) else ""


_THROUGH_FLOAT32 = (
    "only float32's digits are right: somewhere the computation leaves float64 "
    "(.float(), a new tensor or a buffer without dtype)"
)


def _as_close_as_float32(actual: Any, expected: Any) -> bool:
    """Whether a float64 result is as wrong as rounding to float32 makes it."""
    for value in (actual, expected):
        if not isinstance(value, Tensor) or value.dtype != torch.float64:
            return False
    if actual.shape != expected.shape or not expected.numel():
        return False
    largest = float(torch.nan_to_num(expected, posinf=0.0, neginf=0.0).abs().max())
    return bool(_close(actual, expected, 2e-6, 2e-6 * largest).all())


def assert_shape(
    actual: Any, shape: Sequence[int], *, what: str = "the result", hint: str = ""
) -> None:
    """A tensor of exactly this shape."""
    if not isinstance(actual, Tensor):
        fail(f"{what} should be a tensor, got {_kind(actual)}", hint=hint)
    if tuple(actual.shape) != tuple(shape):
        fail(f"{what} has the shape {tuple(actual.shape)}, expected {tuple(shape)}", hint=hint)


def assert_same_gradients(
    actual: Tensor,
    expected: Tensor,
    inputs: Mapping[str, Tensor],
    *,
    expected_inputs: Mapping[str, Tensor] | None = None,
    mistakes: Mapping[str, Mapping[str, Wrong]] | None = None,
    cotangent: Tensor | None = None,
    hint: str = "",
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Compare the gradients of two outputs under one random cotangent; a missing gradient counts as zero.

    `inputs` names the leaves the actual output was computed from; give `expected_inputs` where the
    oracle ran on copies. `mistakes` maps an input's name to what known mistakes would give there;
    give the `cotangent` that they were computed under.
    """
    if not isinstance(actual, Tensor):
        fail(f"the result should be a tensor, got {_kind(actual)}", hint=hint)
    if not actual.requires_grad:
        fail(
            "the result is cut off from the graph, so nothing can be trained through it",
            hint=hint
            or "look for .detach(), .data, .item(), .numpy(), torch.tensor(...) or no_grad",
        )
    assert_shape(actual, expected.shape, hint=hint)
    if cotangent is None:
        cotangent = torch.randn_like(expected.detach())
    got = gradients(actual, list(inputs.values()), cotangent.to(actual.dtype))
    leaves = list((expected_inputs or inputs).values())
    want = gradients(expected, leaves, cotangent)
    for name, g, w in zip(inputs, got, want, strict=True):
        if bool((g == 0).all()) and not bool((w == 0).all()):
            fail(
                f"no gradient reaches {name}",
                hint=hint
                or "look for .detach(), .data, .item() or no_grad on its way to the result",
            )
        assert_close(
            g, w, what=f"the gradient of {name}", hint=hint, rtol=rtol, atol=atol,
            mistakes=(mistakes or {}).get(name),
        )  # fmt: skip


def gradients(output: Tensor, inputs: Sequence[Tensor], cotangent: Tensor) -> list[Tensor]:
    """The vector-Jacobian products of `output`; zeros where an input takes no part."""
    found = torch.autograd.grad(output, inputs, cotangent, retain_graph=True, allow_unused=True)
    return [
        torch.zeros_like(i) if g is None else plain(g) for g, i in zip(found, inputs, strict=True)
    ]


@contextmanager
def unchanged(**tensors: Tensor) -> Iterator[None]:
    """Fail when the block changes one of these tensors, in place or through `.data`."""
    before = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    yield
    for name, tensor in tensors.items():
        now = tensor.detach()
        same = now.shape == before[name].shape and bool(
            _isclose(now, before[name], rtol=0, atol=0, equal_nan=True).all()
        )
        if not same:
            fail(
                f"{name} was changed in place; the caller still needs it",
                hint="work on a new tensor: x = x + 1 rather than x += 1 or x.add_(1)",
            )


class _Calls(TorchFunctionMode):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.names.append(resolve_name(func) or getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


def torch_calls(function: Callable[[], Any]) -> list[str]:
    """The torch functions that a call makes, by name, in order.

    A Python loop over data shows as more calls on larger data; so compare the lengths at two sizes.
    """
    calls = _Calls()
    with calls:
        function()
    return calls.names


def shares_memory(a: Tensor, b: Tensor) -> bool:
    """Whether the two tensors are views of one storage."""
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def seed_all(seed: int) -> None:
    """Start torch, Python and NumPy from one seed."""
    import numpy

    if torch.cuda._is_compiled() or torch.backends.mps.is_built():
        torch.manual_seed(seed)
    else:  # the same without formatting a stack trace for devices that cannot be there (2 ms a check)
        torch.default_generator.manual_seed(seed)
    random.seed(seed)
    numpy.random.seed(seed % 2**32)


def noncontiguous(x: Tensor) -> Tensor:
    """The same values with the first dimension innermost, and gaps (needs two elements or more).

    So `view` can neither flatten it nor merge its dimensions, which with gaps alone it could.
    """
    backwards = tuple(reversed(range(x.ndim)))
    wide = x.new_zeros((*x.permute(backwards).shape, 2))
    wide[..., 0] = x.detach().permute(backwards)
    return wide[..., 0].permute(backwards).requires_grad_(x.requires_grad)


def all_finite(value: Any) -> bool:
    """Whether no tensor in a nested value holds a NaN or an infinity."""
    return all(
        bool(torch.isfinite(leaf).all()) for leaf in tree_leaves(value) if isinstance(leaf, Tensor)
    )
