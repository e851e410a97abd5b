"""Plain values over a link: what arrives is what was sent, and nothing else can."""

import json
import os
import struct

import pytest
import torch

from drill.judge.values import Garbled, Link, NotPlain, decoded, encoded


@pytest.fixture
def ends():
    ours, theirs = os.pipe()
    yield Link(ours), theirs
    for descriptor in (ours, theirs):
        os.close(descriptor)


def sent(value):
    blobs = []
    head = json.loads(json.dumps(encoded(value, blobs)))
    return decoded(head, b"".join(blobs))


@pytest.mark.parametrize(
    "value",
    [
        None, True, -3, 1.5, float("inf"), "text é", [], (), {}, [1, (2, [3.0])],
        {"a": 1, (1, 2): {"b": None}}, torch.float16, torch.device("cpu"),
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_arrive_as_they_are(value):
    assert sent(value) == value
    assert type(sent(value)) is type(value)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: torch.randn(2, 3), id="matrix"),
        pytest.param(lambda: torch.randn(3, 2).T, id="transposed"),
        pytest.param(lambda: torch.randn(4, 6)[::2, 1::2], id="strided"),
        pytest.param(lambda: torch.randn(3, 1).expand(3, 4), id="expanded"),
        pytest.param(lambda: torch.tensor(2.0), id="scalar"),
        pytest.param(lambda: torch.empty(0, 3), id="empty"),
        pytest.param(lambda: torch.tensor([True, False]), id="bool"),
        pytest.param(lambda: torch.tensor([1, -2]), id="int64"),
        pytest.param(lambda: torch.randn(3).to(torch.bfloat16), id="bfloat16"),
        pytest.param(lambda: torch.randn(3, dtype=torch.complex64).conj(), id="conjugated"),
        pytest.param(lambda: torch.randn(2, 3, requires_grad=True), id="leaf"),
        pytest.param(lambda: torch.tensor([float("nan"), float("-inf")]), id="not finite"),
    ],
)
def test_a_tensor_keeps_values_dtype_layout_and_the_wish_for_a_gradient(make):
    value = make()
    result = sent({"x": [value]})["x"][0]
    torch.testing.assert_close(result, value.resolve_conj(), rtol=0, atol=0, equal_nan=True)
    assert (result.stride(), result.dtype) == (value.resolve_conj().stride(), value.dtype)
    assert result.requires_grad == value.requires_grad


def test_a_subclass_arrives_as_a_plain_tensor():
    class Liar(torch.Tensor):
        @property
        def shape(self):
            return torch.Size([7])

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return 7

    result = sent(torch.ones(2).as_subclass(Liar))
    assert type(result) is torch.Tensor
    assert result.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("value", [object(), {1, 2}, lambda: 1, torch.ones(1, device="meta"), b"x"])
def test_what_is_no_plain_value_is_refused_by_name(value):
    with pytest.raises(NotPlain, match=type(value).__name__):
        encoded([value], [])


def _framed(head: bytes, body: bytes = b"") -> bytes:
    return struct.pack("!II", len(head), len(body)) + head + body


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xff" * 8, id="impossible size"),
        pytest.param(_framed(b"{"), id="no JSON"),
        pytest.param(_framed(b"[1]"), id="no dict"),
        pytest.param(_framed(b'{"pickle": 1}'), id="unknown kind"),
        pytest.param(_framed(b'{"dict": [1]}'), id="pairs that are none"),
        pytest.param(_framed(b"[" * 5000 + b"]" * 5000), id="nested too deep"),
        pytest.param(
            _framed(json.dumps({"dict": [["x", {"tensor": 4, "dtype": "float32", "shape": [1], "stride": [1], "device": "cpu", "grad": False}]]}).encode()),
            id="tensor without contents",
        ),
        pytest.param(
            _framed(json.dumps({"dict": [["x", {"tensor": 8, "dtype": "float32", "shape": [2], "stride": [1 << 40], "device": "cpu", "grad": False}]]}).encode(), bytes(8)),
            id="strides that would fill the memory",
        ),
        pytest.param(
            _framed(json.dumps({"dict": [["x", {"tensor": 8, "dtype": "object", "shape": [1], "stride": [1], "device": "cpu", "grad": False}]]}).encode(), bytes(8)),
            id="dtype that is none",
        ),
    ],
)  # fmt: skip
def test_bytes_that_are_no_message_are_garbled(ends, data):
    link, other = ends
    os.write(other, data)
    with pytest.raises(Garbled):
        link.receive()


def test_a_closed_end_is_an_end(ends):
    link, other = ends
    os.close(other)
    with pytest.raises(EOFError):
        link.receive()
    os.dup2(os.open(os.devnull, os.O_WRONLY), other)  # for the fixture to close
