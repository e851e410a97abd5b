"""Memory counted by the kernel, where a part of the cgroup tree (version 2) is delegated to this user.

So it is below a systemd user session. The group of a check is made beside the judge's own, since a
group with processes in it cannot have groups with limits below. Elsewhere the warden watches.
"""

import os
from contextlib import suppress
from pathlib import Path

from drill.challenge import Limits

_MOUNT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def available() -> Path | None:
    """The directory in which this user may make groups with a limit on memory, None where there is none."""
    try:
        (line,) = [line for line in _OWN.read_text().splitlines() if line.startswith("0::")]
        own = _MOUNT / line.removeprefix("0::").lstrip("/")
        for place in (own, own.parent):
            if not place.is_relative_to(_MOUNT) or not os.access(place, os.W_OK):
                continue
            # To move a process, one must be allowed to write to the procs of what both groups lie in.
            if "memory" in _words(place / "cgroup.subtree_control") and os.access(
                place / "cgroup.procs", os.W_OK
            ):
                return place
    except (OSError, ValueError):
        pass
    return None


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def make(name: str, limits: Limits) -> str:
    """A group of that name with these limits; "" where there can be none."""
    place = available()
    if place is None:
        return ""
    group = place / name
    try:
        group.mkdir()
        limit(str(group), limits)
    except OSError:
        remove(str(group))
        return ""
    return str(group)


def limit(group: str, limits: Limits) -> None:
    """Set the limit on memory, tmpfs and shared memory included, without a way round it by swapping."""
    if group:
        _write(group, "memory.max", limits.memory_mb << 20)
        _write(group, "memory.oom.group", 1)  # all of it ends, not a part that is then missed
        with suppress(OSError):  # a kernel without swap accounting
            _write(group, "memory.swap.max", 0)


def join(group: str) -> None:
    """Put this process, and whatever it will start, into the group; where that fails the warden watches."""
    if group:
        with suppress(OSError):
            _write(group, "cgroup.procs", 0)


def counts(group: str) -> bool:
    """Whether the group has processes in it, so that the kernel counts what they use."""
    if not group:
        return False
    try:
        return "populated 1" in (Path(group) / "cgroup.events").read_text().splitlines()
    except OSError:
        return False


def _write(group: str, file: str, value: int) -> None:
    descriptor = os.open(f"{group}/{file}", os.O_WRONLY)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def ran_out(group: str) -> bool:
    """Whether the kernel ended processes of the group for want of memory."""
    if not group:
        return False
    try:
        lines = (Path(group) / "memory.events").read_text().splitlines()
    except OSError:
        return False
    return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)


def remove(group: str) -> None:
    """Remove a group that no process is in any more."""
    if group:
        with suppress(OSError):
            os.rmdir(group)  # noqa: PTH106


def remove_all(prefix: str) -> None:
    """Remove what a warden that was killed has left."""
    place = available()
    if place:
        for group in place.glob(prefix + "*"):
            remove(str(group))
