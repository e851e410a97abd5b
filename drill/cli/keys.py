"""Keys and lines from whoever sits there: single keys from a terminal, one line each from a pipe."""

import os
import re
import select
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import FrameType
from typing import Any, Protocol, TextIO

ENTER = "\n"
END = "\x04"  # Ctrl-D, or the end of the pipe


class Input(Protocol):
    single_keys: bool

    def key(self) -> str:
        """The next key; a pipe gives its next line, or ENTER for an empty one."""

    def line(self) -> str:
        """A line without its end, or END."""

    def lent(self) -> AbstractContextManager[None]:
        """While an editor has the terminal, it is in its ordinary mode."""


class Pipe:
    """Answers from a pipe or a file, one a line."""

    single_keys = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def key(self) -> str:
        line = self.line()
        return line.strip() or ENTER

    def line(self) -> str:
        line = self._stream.readline()
        return line.rstrip("\r\n") if line else END

    def lent(self) -> AbstractContextManager[None]:
        return nullcontext()


class Terminal:
    """A terminal that gives keys at once; lines are typed in its own, ordinary mode."""

    single_keys = True

    def __init__(self, fd: int, ordinary: list[Any]) -> None:
        self._fd = fd
        self._ordinary = ordinary
        self._eager = False

    def eager(self) -> None:
        """No echo and no waiting for Enter. Ctrl-C and Ctrl-Z keep working; typed keys are kept."""
        self._eager = True
        mode = [*self._ordinary]
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[6] = [*mode[6]]
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._fd, termios.TCSADRAIN, mode)

    def ordinary(self) -> None:
        self._eager = False
        with suppress(termios.error):  # the terminal may be gone by now
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._ordinary)

    def resume(self) -> None:
        """A shell puts the terminal in its ordinary mode while drill is stopped by Ctrl-Z."""
        if self._eager:
            self.eager()

    def key(self) -> str:
        while True:
            try:
                read = os.read(self._fd, 1)
            except OSError:  # the terminal is gone
                return END
            if read in (b"", END.encode()):
                return END
            if read == b"\x1b":
                self._skip_sequence()
                continue
            if read[0] >= 0xC0:  # the rest of a UTF-8 character
                read += os.read(self._fd, 1 + (read[0] >= 0xE0) + (read[0] >= 0xF0))
            key = read.decode(errors="replace")
            return ENTER if key == "\r" else key

    def _skip_sequence(self) -> None:
        """Arrows and their like arrive as an escape and more bytes at once; none is a key here."""
        introduced = False
        while select.select([self._fd], [], [], 0.02)[0]:
            byte = os.read(self._fd, 1)
            if not introduced and byte in (b"[", b"O"):
                introduced = True
            elif not introduced or re.match(rb"[@-~]", byte):
                return

    def line(self) -> str:
        import readline  # noqa: F401  (arrows and history in `input`; loaded when first needed)

        with self.lent():
            try:
                return input("> ")
            except EOFError:
                print()
                return END

    @contextmanager
    def lent(self) -> Iterator[None]:
        self.ordinary()
        try:
            yield
        finally:
            self.eager()


@contextmanager
def opened(stream: TextIO) -> Iterator[Input]:
    """The way to read from this stream; a terminal is left as it was found, however this ends."""
    if not stream.isatty():
        yield Pipe(stream)
        return
    fd = stream.fileno()
    ordinary = termios.tcgetattr(fd)
    terminal = Terminal(fd, ordinary)
    replaced = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, _leave),
        signal.SIGHUP: signal.signal(signal.SIGHUP, _leave),
        signal.SIGCONT: signal.signal(signal.SIGCONT, lambda *_: terminal.resume()),
    }
    try:
        terminal.eager()
        yield terminal
    finally:
        terminal.ordinary()
        for number, handler in replaced.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
