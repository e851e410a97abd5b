"""The processes of one check, seen from outside: what they use, and ending every one of them."""

# ruff: noqa: PTH123, PTH208 (read many times a second: no Path objects)

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process tree uses now; a page that two processes share counts twice."""

    processes: int = 0
    threads: int = 0
    memory: int = 0
    cpu_s: float = 0.0


def descendants(root: int) -> list[int]:
    """`root` and everything it started, as far as the system shows it."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children(pid)
    return found


def children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except (OSError, ValueError):
        pass
    return found


def usage(pids: list[int], shared_from_birth: int) -> Usage:
    """Add up what these processes use, less the memory that each got with the fork of the judge."""
    total = Usage()
    for pid in pids:
        one = _usage_of(pid, shared_from_birth)
        total = Usage(
            total.processes + one.processes,
            total.threads + one.threads,
            total.memory + one.memory,
            total.cpu_s + one.cpu_s,
        )
    return total


def _usage_of(pid: int, shared_from_birth: int) -> Usage:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # the name in brackets may hold anything, blanks and brackets too
            numbers = file.read().rpartition(b")")[2].split()
        ticks = sum(map(int, numbers[11:15]))  # own, and of children that were waited for
        return Usage(1, int(numbers[17]), max(0, memory(pid) - shared_from_birth), ticks / _TICK)
    except (OSError, ValueError, IndexError):
        return Usage()


def memory(pid: int) -> int:
    """Resident bytes that belong to no file."""
    size = 0
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith((b"RssAnon:", b"RssShmem:")):
                    size += int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return 0
    return size


def end_descendants(spare: frozenset[int] = frozenset(), patience_s: float = 5.0) -> None:
    """Kill every descendant of this process but `spare` and theirs, until none is left.

    Stopping all of them first takes from a fork bomb the moment it needs to grow between two looks.
    """
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        doomed = [
            pid
            for child in children(os.getpid())
            if child not in spare
            for pid in descendants(child)
        ]
        if not doomed:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in doomed:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        for pid in doomed:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.001)
