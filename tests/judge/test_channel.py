"""The channel believes only what the judge has signed, in the order in which it was sent."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from drill.judge.channel import MAX_MESSAGE, Doubt, Receiver, sender

KEY = bytes(range(32))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def sent(
    messages: list[dict[str, Any]], ends: tuple[socket.socket, socket.socket], key: bytes = KEY
) -> bytes:
    send = sender(ends[1].fileno(), key)
    for message in messages:
        send(message)
    return ends[0].recv(1 << 20)


def received(data: bytes) -> list[dict[str, Any]]:
    receiver = Receiver(KEY)
    receiver.feed(data)
    return list(receiver.messages())


def test_messages_arrive_as_they_were_sent(ends):
    messages = [
        {"event": "started", "id": "a"},
        {"event": "checked", "text": "é\x1b\u2028", "numbers": [1, 2.5, None, True]},
    ]
    assert received(sent(messages, ends)) == messages


def test_messages_arrive_in_pieces(ends):
    data = sent([{"event": "one"}, {"event": "two"}], ends)
    receiver, found = Receiver(KEY), []
    for byte in data:
        receiver.feed(bytes([byte]))
        found += receiver.messages()
    assert [message["event"] for message in found] == ["one", "two"]
    assert not receiver.in_pieces


def test_a_message_cut_short_shows(ends):
    receiver = Receiver(KEY)
    receiver.feed(sent([{"event": "one"}], ends)[:-1])
    assert list(receiver.messages()) == []
    assert receiver.in_pieces


def test_another_key_is_a_doubt(ends):
    with pytest.raises(Doubt, match="did not sign"):
        received(sent([{"event": "finished"}], ends, key=bytes(32)))


def test_a_message_that_comes_twice_is_a_doubt(ends):
    data = sent([{"event": "checked"}], ends)
    with pytest.raises(Doubt, match="did not sign"):
        received(data + data)


def test_a_message_left_out_is_a_doubt(ends):
    send = sender(ends[1].fileno(), KEY)
    send({"event": "failed"})
    ends[0].recv(1 << 16)
    send({"event": "finished"})
    with pytest.raises(Doubt, match="did not sign"):
        received(ends[0].recv(1 << 16))


@pytest.mark.parametrize(
    "junk",
    [b"x" * 100, b'{"event": "finished"}\n' * 5, (MAX_MESSAGE + 1).to_bytes(4, "big") + bytes(64)],
)
def test_junk_is_a_doubt(junk):
    with pytest.raises(Doubt, match="not the judge's"):
        received(junk)


def test_a_message_carries_plain_values_only(ends):
    with pytest.raises(TypeError, match="cannot carry object"):
        sender(ends[1].fileno(), KEY)({"event": object()})


def test_the_sender_does_not_look_names_up_again(ends, monkeypatch):
    import json.encoder

    send = sender(ends[1].fileno(), KEY)
    monkeypatch.setattr(os, "write", lambda *_: pytest.fail("os.write was looked up"))
    monkeypatch.setattr(
        json.encoder, "encode_basestring_ascii", lambda *_: pytest.fail("looked up")
    )
    send({"event": "finished"})
    assert received(ends[0].recv(1 << 16)) == [{"event": "finished"}]
