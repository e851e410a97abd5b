"""Namespaces without privilege: a process tree, a network and a root of the submission's own.

The warden enters the first ones and its next child is process 1 of them; that child takes a mount
namespace of its own, because pivot_root in a shared one would move the warden too.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drill.judge.confine import system

_NEW_MOUNTS, _NEW_UTS, _NEW_IPC = 0x20000, 0x4000000, 0x8000000
_NEW_USER, _NEW_PIDS, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 32, 4096, 16384, 1 << 18
_DETACH = 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000

_OLD, _NEW = "/old", "/new"


@dataclass(frozen=True, slots=True)
class Root:
    """What the private root shows: these trees read-only, these devices, and empty places to write."""

    trees: tuple[str, ...]
    hidden: tuple[str, ...]  # directories inside the trees that appear empty
    devices: tuple[str, ...]
    scratch: str
    scratch_mb: int
    shared_mb: int
    executable: bool = False


def enter() -> None:
    """Take user, process, IPC, host name and network namespaces; only future children are inside them."""
    user, group = os.getuid(), os.getgid()
    _unshare(_NEW_USER | _NEW_PIDS | _NEW_IPC | _NEW_UTS | _NEW_NETWORK)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def take_private_root(root: Root) -> tuple[str, ...]:
    """Make `root` the root directory of this process; returns the parts that the kernel refused.

    Two pivots: the first puts an empty directory under everything, so that what is bound may itself
    lie under the place where the new root is built.
    """
    _unshare(_NEW_MOUNTS)
    _mount("none", "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _NO_SETUID | _NO_DEVICES, "size=4m,mode=0755")
    Path("/tmp" + _OLD).mkdir()
    Path("/tmp" + _NEW).mkdir()
    _pivot("/tmp", "/tmp" + _OLD)
    os.chdir("/")
    _mount(_NEW, _NEW, None, _BIND | _RECURSIVE)

    no_exec = 0 if root.executable else _NO_EXEC
    _empty("/tmp", root.scratch_mb, no_exec)
    for tree in root.trees:
        _show(tree)
    for tree in root.hidden:
        if Path(_NEW + tree).is_dir():
            _mount("tmpfs", _NEW + tree, "tmpfs", _READ_ONLY, "size=4k,mode=0555")
    for device in root.devices:
        _show_device(device)
    _empty("/dev/shm", root.shared_mb, _NO_EXEC)
    refused = _own_proc()
    Path(_NEW + root.scratch).mkdir(parents=True, exist_ok=True)

    _unmount(_OLD)
    os.chdir(_NEW)
    _pivot(".", ".")
    _unmount(".")
    os.chdir("/")
    _mount(None, "/", None, _REMOUNT | _BIND | _READ_ONLY | _NO_SETUID | _NO_DEVICES)
    return refused


def _empty(place: str, size_mb: int, flags: int) -> None:
    Path(_NEW + place).mkdir(parents=True, exist_ok=True)
    options = f"size={size_mb}m,nr_inodes=16384,mode=1777"
    _mount("tmpfs", _NEW + place, "tmpfs", _NO_SETUID | _NO_DEVICES | flags, options)


def _show(tree: str) -> None:
    """Bind one tree or file read-only at its own path; a link is made again."""
    source, target = Path(_OLD + tree), Path(_NEW + tree)
    try:
        if source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_symlink() and not target.exists():
                target.symlink_to(source.readlink())
            return
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        else:
            return
    except PermissionError:
        return  # behind a directory that this user may not enter
    except OSError as error:
        if error.errno == errno.EROFS:
            return  # inside a tree that is shown already
        raise
    _mount(str(source), str(target), None, _BIND | _RECURSIVE)
    attributes = struct.pack("QQQQ", _READ_ONLY | _NO_SETUID | _NO_DEVICES, 0, 0, 0)
    system.syscall(
        "mount_setattr", _AT_FDCWD, os.fsencode(target), _AT_RECURSIVE, attributes, len(attributes)
    )


def _show_device(device: str) -> None:
    source, target = Path(_OLD + device), Path(_NEW + device)
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        _mount(str(source), str(target), None, _BIND)


def _own_proc() -> tuple[str, ...]:
    Path(_NEW + "/proc").mkdir(exist_ok=True)  # a tree of the driver's may be shown there already
    try:
        _mount("proc", _NEW + "/proc", "proc", _NO_SETUID | _NO_DEVICES | _NO_EXEC)
    except OSError:
        return ("own /proc",)  # containers that mask parts of theirs may not mount another
    return ()


def drop_capabilities() -> None:
    """Give up every capability for good, those of the user namespace included."""
    clear_ambient = 4
    try:
        system.prctl(system.PR_CAP_AMBIENT, clear_ambient)
        for capability in range(64):
            system.prctl(system.PR_CAPBSET_DROP, capability)
    except OSError as error:
        # EINVAL: past the last one this kernel has; EPERM: an ordinary user has none to drop
        if error.errno not in (errno.EINVAL, errno.EPERM):
            raise
    version_3 = struct.pack("Ii", 0x20080522, 0)
    system.syscall("capset", version_3, bytes(24))


def _unshare(flags: int) -> None:
    if system.libc().unshare(flags) < 0:
        raise system.failure("unshare")


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    encoded: Iterable[bytes | None] = (
        None if text is None else os.fsencode(text) for text in (source, target, kind, options)
    )
    source_, target_, kind_, options_ = encoded
    if system.libc().mount(source_, target_, kind_, ctypes.c_ulong(flags), options_) < 0:
        raise system.failure(f"mount {target}")


def _unmount(target: str) -> None:
    if system.libc().umount2(os.fsencode(target), _DETACH) < 0:
        raise system.failure(f"umount {target}")


def _pivot(new: str, old: str) -> None:
    system.syscall("pivot_root", os.fsencode(new), os.fsencode(old))
