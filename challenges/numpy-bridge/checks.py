"""Hidden checks for numpy-bridge. A check's docstring is the line the learner sees."""

import warnings

import numpy as np
import pytest
import torch

from drill.checking import assert_close, fail, tried

DTYPES = [np.float64, np.float32, np.float16, np.int64, np.int32, np.uint8, np.bool_]


def numbers(*shape, dtype=np.float64):
    return (np.random.randn(*shape) * 20).astype(dtype)


def demand_array(result, shape, dtype):
    if not isinstance(result, np.ndarray):
        fail(f"the result should be a numpy ndarray, got a {type(result).__name__}")
    assert result.shape == shape, f"the result has the shape {result.shape}, expected {shape}"
    assert result.dtype == dtype, (
        f"the result has the dtype {result.dtype}, expected {np.dtype(dtype)}"
    )


def same(a, b):
    return bool(np.array_equal(np.asarray(a), np.asarray(b)))


def aliased(tensor, array):
    """Whether a write to the array shows in the tensor; the array is put back."""
    before = array.copy()
    array[...] = array + 1 if array.dtype != np.bool_ else ~array
    seen = same(tensor.detach().numpy(), array)
    array[...] = before
    return seen


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
def test_tensor_view_shares_memory(submission, dtype):
    """tensor_view shares memory and keeps the dtype"""
    for shape in ((3, 4), ()):
        array = np.array(numbers(3, 4, dtype=dtype)) if shape else np.array(5, dtype=dtype)
        tried(f"tensor_view(array), where the array is {array.dtype} {shape}")
        got = submission.tensor_view(array)
        assert_close(got, torch.from_numpy(array.copy()))
        if not aliased(got, array):
            fail(
                "a write to the array does not show in the tensor",
                hint="torch.tensor copies, torch.from_numpy shares"
                + ("" if shape else "; torch.asarray copies a single number"),
            )


def test_tensor_view_of_a_slice(submission):
    """tensor_view shares the memory of a slice with gaps, or with a new axis"""
    whole = numbers(6, 8)
    # the stride of an axis that None adds is 0
    slices = {"whole[1::2, 5:]": whole[1::2, 5:], "whole[None, :, :2]": whole[None, :, :2]}
    for call, array in slices.items():
        tried(f"tensor_view({call}), where whole is float64 (6, 8)")
        got = submission.tensor_view(array)
        assert_close(got, torch.from_numpy(array.copy()))
        if not aliased(got, array):
            fail(
                "a write to the array does not show in the tensor",
                hint="np.ascontiguousarray copies; a tensor has strides too",
            )


def test_tensor_view_of_a_reversed_array(submission):
    """tensor_view copies an array with negative strides"""
    whole = numbers(4, 5)
    for call, array in (("[::-1]", whole[::-1]), ("[:, ::-2]", whole[:, ::-2])):
        tried(f"tensor_view(whole{call}), where whole is float64 (4, 5)")
        try:
            got = submission.tensor_view(array)
        except ValueError as error:
            fail(
                f"negative strides raise ValueError: {error}",
                hint="array.copy() has positive strides",
            )
        assert_close(
            got,
            torch.from_numpy(array.copy()),
            hint="a[::-1] and a hold the same numbers in another order",
        )


def test_tensor_view_of_a_read_only_array(submission):
    """tensor_view copies a read-only array"""
    array = numbers(3, 4)
    before = array.copy()
    array.setflags(write=False)
    tried("tensor_view(array), where array.flags.writeable is False")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = submission.tensor_view(array)
    assert_close(got, torch.from_numpy(before))
    got.add_(1)
    if not same(array, before):
        fail(
            "writing to the tensor changed the read-only array",
            mistake="torch.from_numpy shares read-only memory as well, with a warning; copy it",
        )
    assert not array.flags.writeable, "the array was made writeable; it is the caller's"


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
def test_tensor_copy_shares_nothing(submission, dtype):
    """tensor_copy shares nothing, whatever the dtype"""
    array = numbers(3, 4, dtype=dtype)
    before = array.copy()
    tried(f"tensor_copy(array), where the array is {array.dtype} (3, 4)")
    got = submission.tensor_copy(array)
    assert isinstance(got, torch.Tensor), (
        f"the result should be a tensor, got a {type(got).__name__}"
    )
    was = got.clone()
    array[...] = 1
    if not torch.equal(got, was):
        fail(
            "a write to the array shows in the tensor",
            mistake="a conversion copies only where it must: an array that is float32 already (or needs no conversion) stays shared",
            hint="copy on purpose: torch.tensor(array), array.copy() or .clone()",
        )
    assert_close(got, torch.from_numpy(before), check_dtype=False, rtol=1e-6)


@pytest.mark.parametrize("dtype", [*DTYPES, np.complex128], ids=lambda d: np.dtype(d).name)
def test_tensor_copy_dtype(submission, dtype):
    """tensor_copy makes float32 of float64 and keeps every other dtype"""
    for array in (numbers(3, 4, dtype=dtype), np.array(3, dtype=dtype)):
        tried(f"tensor_copy(array), where the array is {array.dtype} {array.shape}")
        expected = torch.from_numpy(array.copy())
        assert_close(
            submission.tensor_copy(array), expected.float() if dtype == np.float64 else expected
        )


def test_tensor_copy_of_a_reversed_array(submission):
    """tensor_copy takes any strides, and read-only arrays, which stay unchanged"""
    whole = numbers(4, 5, dtype=np.float32)
    locked = whole.copy()
    locked.setflags(write=False)
    for call, array in (
        ("whole[::-1]", whole[::-1]),
        ("whole.T", whole.T),
        ("a read-only array", locked),
    ):
        tried(f"tensor_copy of {call}, float32 {array.shape}")
        expected = torch.from_numpy(array.copy())
        try:
            got = submission.tensor_copy(array)
        except ValueError as error:
            fail(
                f"it raises ValueError: {error}",
                hint="torch.tensor and from_numpy refuse negative strides; array.copy() first",
            )
        assert_close(got, expected)
        got.fill_(0)
        assert same(array, expected.numpy()), "writing to the copy changed the array"


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "every other column", "scalar"])
def test_array_view_shares_memory(submission, layout):
    """array_view shares memory and keeps the dtype, in any layout"""
    for dtype, name in (
        (torch.float64, np.float64),
        (torch.float32, np.float32),
        (torch.int64, np.int64),
        (torch.uint8, np.uint8),
    ):
        tensor = (torch.rand(4, 6) * 100).to(dtype)
        views = {
            "transposed": tensor.T,
            "every other column": tensor[:, ::2],
            "scalar": tensor[1, 2],
        }
        tensor = views.get(layout, tensor)
        tried(f"array_view(tensor), where the tensor is {layout}", tensor=tensor)
        got = submission.array_view(tensor)
        demand_array(got, tuple(tensor.shape), name)
        assert same(got, tensor.tolist()), "the array holds other values than the tensor"
        tensor += 1
        if not same(got, tensor.tolist()):
            fail(
                "a write to the tensor does not show in the array",
                hint="clone, contiguous and np.array copies; Tensor.numpy() shares, and arrays have strides too",
            )


def test_array_view_of_a_tensor_with_gradient(submission):
    """array_view takes a tensor that requires a gradient, and leaves that as it is"""
    weight = torch.randn(3, 2, requires_grad=True)
    for name, tensor in (("a leaf", weight), ("a result", weight * 2)):
        tried(
            f"array_view(tensor), where the tensor is {name} that requires a gradient",
            tensor=tensor,
        )
        try:
            got = submission.array_view(tensor)
        except RuntimeError as error:
            fail(
                f"it raises RuntimeError: {error}",
                hint="detach() gives a tensor without history on the same memory",
            )
        demand_array(got, (3, 2), np.float32)
        assert tensor.requires_grad, "requires_grad of the caller's tensor was turned off"
        with torch.no_grad():
            tensor.fill_(3)
        assert (got == 3).all(), "a write to the tensor does not show in the array"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64], ids=str)
def test_array_copy_shares_nothing(submission, dtype):
    """array_copy shares nothing"""
    tensor = (torch.rand(3, 4) * 100).to(dtype)
    before = tensor.clone()
    tried("array_copy(tensor)", tensor=tensor)
    got = submission.array_copy(tensor)
    assert isinstance(got, np.ndarray), (
        f"the result should be a numpy ndarray, got a {type(got).__name__}"
    )
    assert got.flags.writeable, "the array should be the caller's to write to"
    got[...] = 0
    if not torch.equal(tensor, before):
        fail(
            "writing to the array changed the tensor",
            mistake="cpu() and numpy() do not copy what is on the CPU already",
            hint="copy on purpose: .numpy().copy(), or .clone() first",
        )


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.bfloat16, np.float32),
        (torch.float16, np.float16),
        (torch.float32, np.float32),
        (torch.float64, np.float64),
        (torch.int32, np.int32),
        (torch.bool, np.bool_),
    ],
    ids=str,
)
def test_array_copy_dtype(submission, device, dtype, expected):
    """array_copy makes float32 of bfloat16 and keeps every other dtype"""
    for tensor in (
        (torch.randn(3, 4, device=device) * 20).to(dtype).T,
        torch.tensor(3.0, device=device).to(dtype),
    ):
        tried("array_copy(tensor)", tensor=tensor)
        try:
            got = submission.array_copy(tensor)
        except TypeError as error:
            fail(
                f"{str(dtype).removeprefix('torch.')} raises TypeError: {error}",
                hint="NumPy has no bfloat16; float32 holds every value of it",
            )
        demand_array(got, tuple(tensor.shape), expected)
        assert same(got, tensor.tolist()), "the array holds other values than the tensor"


def test_array_copy_of_a_tensor_with_gradient(submission, device):
    """array_copy takes a tensor that requires a gradient, and leaves that as it is"""
    weight = torch.randn(3, 2, device=device, requires_grad=True)
    tried("array_copy(tensor), where the tensor requires a gradient", tensor=weight)
    before = weight.tolist()
    try:
        got = submission.array_copy(weight)
    except RuntimeError as error:
        fail(
            f"it raises RuntimeError: {error}",
            hint="detach() gives a tensor without history on the same memory",
        )
    demand_array(got, (3, 2), np.float32)
    got[...] = 0
    assert weight.requires_grad and weight.tolist() == before, "the caller's tensor was changed"


def test_array_copy_from_another_device(submission):
    """array_copy fetches the tensor from its device"""
    # The meta device is on every machine. It has no numbers to fetch, so only the kind of the refusal tells.
    tensor = torch.empty(2, 3, device="meta")
    tried("array_copy(tensor), where the tensor is not on the CPU", tensor=tensor)
    try:
        submission.array_copy(tensor)
    except TypeError as error:
        fail(
            f"it raises TypeError: {error}",
            hint="NumPy reads the CPU's memory only: .cpu() before .numpy()",
        )
    except NotImplementedError:
        pass
