"""Plain values between two processes: JSON and the bytes of tensors, so that reading one runs nobody's code."""

import json
import math
import os
import struct
from collections.abc import Callable
from typing import Any

import numpy
import torch
from torch import Tensor

MAX_MESSAGE = 256 << 20
_SIZES = struct.Struct("!II")
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.complex128,
        torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool,
    )
}  # fmt: skip


class NotPlain(TypeError):
    """A value that does not cross to another process."""

    def __init__(self, value: object) -> None:
        super().__init__(
            f"a {type(value).__name__} does not cross to another process: tensors, numbers, strings, "
            "lists, tuples and dicts do"
        )


class Garbled(Exception):
    """Bytes that are no message."""


class Link:
    """One end of the connection between the process of the checks and the submission's."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, message: dict[str, Any]) -> None:
        """Send a dict of plain values.

        Raises:
            NotPlain: something in it is none.
            OSError: nobody is at the other end.
        """
        blobs: list[bytes] = []
        head = json.dumps(encoded(message, blobs)).encode()
        data = memoryview(_SIZES.pack(len(head), sum(map(len, blobs))) + head + b"".join(blobs))
        while data:
            data = data[os.write(self._descriptor, data) :]

    def receive(self) -> dict[str, Any]:
        """The next message.

        Raises:
            EOFError: the other end is closed.
            Garbled: what came is no message.
        """
        head_size, body_size = _SIZES.unpack(self._exactly(_SIZES.size))
        if head_size + body_size > MAX_MESSAGE:
            raise Garbled("a message of impossible size")
        head, body = self._exactly(head_size), self._exactly(body_size)
        try:
            message = decoded(json.loads(head), body)
        except (ValueError, TypeError, KeyError, IndexError, RuntimeError, RecursionError) as error:
            raise Garbled(str(error)) from None
        if not isinstance(message, dict):
            raise Garbled("not a dict")
        return message

    def _exactly(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size:
            piece = os.read(self._descriptor, min(size, 1 << 20))
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


def encoded(value: Any, blobs: list[bytes]) -> Any:
    """`value` as JSON, the contents of its tensors appended to `blobs`."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Tensor):
        return _encoded_tensor(value, blobs)
    if isinstance(value, numpy.generic):
        return encoded(value.item(), blobs)
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [encoded(item, blobs) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encoded(k, blobs), encoded(v, blobs)] for k, v in value.items()]}
    if isinstance(value, torch.dtype):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    raise NotPlain(value)


def _encoded_tensor(value: Tensor, blobs: list[bytes]) -> dict[str, Any]:
    with torch._C.DisableTorchFunctionSubclass():  # a subclass that says of itself what it likes
        value = value.as_subclass(Tensor)
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in _DTYPES or value.layout is not torch.strided or value.is_meta:
        raise NotPlain(value)
    with torch.no_grad():
        content = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
        blob = bytes(content.reshape(-1).view(torch.uint8).numpy().data) if value.numel() else b""
    blobs.append(blob)
    return {
        "tensor": len(blob), "dtype": dtype, "shape": list(value.shape), "stride": list(value.stride()),
        "device": str(value.device), "grad": value.requires_grad,
    }  # fmt: skip


def decoded(value: Any, body: bytes) -> Any:
    """The value that `encoded` made this of.

    Raises:
        ValueError, TypeError, KeyError, RuntimeError: it did not.
    """
    position = 0

    def take(size: int) -> bytes:
        nonlocal position
        if not 0 <= size <= len(body) - position:
            raise ValueError("a tensor without its contents")
        position += size
        return body[position - size : position]

    return _decoded(value, take)


def _decoded(value: Any, take: Callable[[int], bytes]) -> Any:
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return _decoded_tensor(value, take)
    kind, content = next(iter(value.items()))
    if kind == "dict":
        return {_decoded(k, take): _decoded(v, take) for k, v in content}
    if kind == "dtype":
        return _DTYPES[content]
    if kind == "device":
        return torch.device(content)
    items = [_decoded(item, take) for item in content]
    return {"list": items, "tuple": tuple(items)}[kind]


def _decoded_tensor(value: dict[str, Any], take: Callable[[int], bytes]) -> Tensor:
    shape, stride, dtype = value["shape"], value["stride"], _DTYPES[value["dtype"]]
    if math.prod(shape) * dtype.itemsize != value["tensor"]:
        raise ValueError("a tensor whose contents do not fit its shape")
    content = bytearray(take(value["tensor"]))
    flat = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
    dense = flat.view(shape)
    result = _laid_out(dense, stride).to(value["device"])
    return result.requires_grad_() if value["grad"] else result


def _laid_out(dense: Tensor, stride: list[int]) -> Tensor:
    """The same values in memory of that layout; a stride of zero is an expanded dimension."""
    if list(dense.stride()) == stride or not dense.numel():
        return dense
    core = dense
    for dim, step in enumerate(stride):
        if step == 0:
            core = core.narrow(dim, 0, 1)
    length = 1 + sum((n - 1) * step for n, step in zip(core.shape, stride, strict=True))
    if min(stride) < 0 or length > 64 * dense.numel():
        raise ValueError("a tensor of impossible strides")
    memory = dense.new_zeros(length).as_strided(core.shape, stride)
    memory.copy_(core)
    return memory.expand(dense.shape)
