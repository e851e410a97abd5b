"""What data loading workers need, where neither sockets nor /dev/shm may be used.

At the level `strict` a Unix socket would reach every service of the user's (Landlock does not stop
connect), and /dev/shm is shared with all of their programs. So locks become unnamed semaphores in
inherited memory, and tensors travel through files of the scratch directory, by name.
"""

import ctypes
import errno
import itertools
import mmap
import multiprocessing.synchronize
import os
import threading
import time
from multiprocessing.reduction import ForkingPickler
from typing import Any

from drill.judge.confine import system

_SIZE_OF_SEMAPHORE = 64  # sem_t has 32 bytes in glibc and in musl
_RECURSIVE = 0


class _Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


class ForkedSemaphore:
    """Stands in for `_multiprocessing.SemLock`; only a forked child can share it."""

    def __init__(
        self, kind: int, value: int, maxvalue: int, name: str = "", unlink: bool = True
    ) -> None:
        self.kind = kind
        self.maxvalue = maxvalue
        self.name = (
            None  # nothing for the resource tracker, which is a program of its own, to remember
        )
        self._memory = mmap.mmap(-1, _SIZE_OF_SEMAPHORE)
        self.handle = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._semaphore = ctypes.c_void_p(self.handle)
        if system.libc().sem_init(self._semaphore, 1, value) < 0:
            raise system.failure("sem_init")
        self._depth = 0
        self._owner = 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        if self.kind == _RECURSIVE and self._is_mine():
            self._depth += 1
            return True
        if not self._wait(block, timeout):
            return False
        self._depth += 1
        self._owner = threading.get_ident()
        return True

    def _wait(self, block: bool, timeout: float | None) -> bool:
        libc = system.libc()
        if not block or (timeout is not None and timeout <= 0):
            return bool(libc.sem_trywait(self._semaphore) == 0)
        until = None if timeout is None else time.time() + timeout
        while True:
            if until is None:
                result = libc.sem_wait(self._semaphore)
            else:
                deadline = _Timespec(int(until), int(until % 1 * 1e9))
                result = libc.sem_timedwait(self._semaphore, ctypes.byref(deadline))
            if result == 0:
                return True
            if ctypes.get_errno() == errno.ETIMEDOUT:
                return False
            if ctypes.get_errno() != errno.EINTR:
                raise system.failure("sem_wait")

    def release(self) -> None:
        if self.kind == _RECURSIVE:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._depth > 1:
                self._depth -= 1
                return
        elif self._get_value() >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        if self._depth == 1:
            self._owner = 0
        self._depth -= 1
        system.libc().sem_post(self._semaphore)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _get_value(self) -> int:
        value = ctypes.c_int()
        system.libc().sem_getvalue(self._semaphore, ctypes.byref(value))
        return value.value

    def _count(self) -> int:
        return self._depth

    def _is_mine(self) -> bool:
        return self._depth > 0 and self._owner == threading.get_ident()

    def _is_zero(self) -> bool:
        return self._get_value() == 0

    def _after_fork(self) -> None:
        self._depth = 0


def without_sockets(scratch: str) -> None:
    """Make multiprocessing and torch.multiprocessing share through inherited memory and files."""
    import torch

    multiprocessing.synchronize._multiprocessing.SemLock = ForkedSemaphore  # type: ignore[attr-defined]
    _Files.scratch = scratch
    storage_type: Any = torch.UntypedStorage
    storage_type._new_using_fd_cpu = classmethod(_new_shared)
    ForkingPickler.register(torch.UntypedStorage, _reduce_storage)
    torch.Tensor.share_memory_ = _share_memory  # type: ignore[method-assign]


class _Files:
    """Where shared tensors live; names last as long as the scratch directory, for others to open."""

    scratch = ""
    numbers = itertools.count()


def _new_shared(cls: Any, size: int) -> Any:
    path = f"{_Files.scratch}/.shared-{os.getpid()}-{next(_Files.numbers)}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.ftruncate(descriptor, size)
        return _from_file(cls, descriptor, size, path)
    finally:
        os.close(descriptor)


def _from_file(cls: Any, descriptor: int, size: int, path: str) -> Any:
    storage = cls._new_shared_fd_cpu(descriptor, size)
    storage._drill_path = path
    return storage


def _in_a_file(storage: Any) -> Any:
    """The storage itself where it is in a file already, otherwise a copy that is."""
    if getattr(storage, "_drill_path", ""):
        return storage
    shared = _new_shared(type(storage), storage.nbytes())
    shared.copy_(storage)
    return shared


def _reduce_storage(storage: Any) -> Any:
    import torch.multiprocessing.reductions

    reductions: Any = torch.multiprocessing.reductions
    if storage.device.type != "cpu":
        return reductions.reduce_storage(storage)
    if storage.nbytes() == 0:
        return reductions.rebuild_storage_empty, (type(storage),)
    shared = _in_a_file(storage)
    return _rebuild_storage, (type(storage), shared._drill_path, shared.nbytes())


def _rebuild_storage(cls: Any, path: str, size: int) -> Any:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return _from_file(cls, descriptor, size, path)
    finally:
        os.close(descriptor)


def _share_memory(tensor: Any) -> Any:
    """Move this tensor, though no other view of the same memory, to a file."""
    import torch

    storage = _in_a_file(tensor.untyped_storage())
    with torch.no_grad():
        tensor.set_(storage, tensor.storage_offset(), tensor.shape, tensor.stride())
    return tensor
