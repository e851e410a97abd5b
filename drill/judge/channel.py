"""The way from the judged process to its warden: numbered messages that only the holder of a key can make.

A message is its length, a MAC over its number and body, and the body in JSON. The descriptor is
inherited by everything the submission starts, so what arrives unsigned or out of turn is a doubt
and never believed.
"""

import hashlib
import hmac
import json
import json.encoder
import os
import struct
from collections.abc import Callable, Iterator
from typing import Any

MAX_MESSAGE = 1 << 20
_HEADER = struct.Struct("!I32s")
_NUMBER = struct.Struct("!Q")


class Doubt(Exception):
    """Bytes on the channel that the judge did not write, or not in this order."""


def sender(descriptor: int, key: bytes) -> Callable[[dict[str, Any]], None]:
    """A function that sends a message; the key and the count live in its closure only.

    It calls nothing that a submission can replace by assigning to a module: C functions, captured now.
    """
    base = hashlib.blake2b(key=key, digest_size=32)
    del key
    encode = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
        None, _refuse, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, False
    )
    write, pack_header, pack_number = os.write, _HEADER.pack, _NUMBER.pack
    join, to_bytes, copy, number = "".join, str.encode, base.copy, 0

    def send(message: dict[str, Any]) -> None:
        nonlocal number
        number += 1
        body = to_bytes(join(encode(message, 0)))
        mac = copy()
        mac.update(pack_number(number) + body)
        data = pack_header(len(body), mac.digest()) + body
        while data:
            data = data[write(descriptor, data) :]

    return send


def _refuse(value: object) -> Any:
    raise TypeError(f"a message cannot carry {type(value).__name__}")


class Receiver:
    """The warden's end: bytes in, messages out, Doubt where they are not the judge's own."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._number = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def messages(self) -> Iterator[dict[str, Any]]:
        """The complete messages that have arrived."""
        while len(self._buffer) >= _HEADER.size:
            size, mac = _HEADER.unpack_from(self._buffer)
            if size > MAX_MESSAGE:
                raise Doubt("bytes on the judge's channel that are not the judge's")
            if len(self._buffer) < _HEADER.size + size:
                return
            body = bytes(self._buffer[_HEADER.size : _HEADER.size + size])
            del self._buffer[: _HEADER.size + size]
            self._number += 1
            signed = _NUMBER.pack(self._number) + body
            expected = hashlib.blake2b(signed, key=self._key, digest_size=32).digest()
            if not hmac.compare_digest(expected, mac):
                raise Doubt("a message on the judge's channel that the judge did not sign")
            yield json.loads(body)

    @property
    def in_pieces(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._buffer)
