"""The few system calls that Python does not offer, by ctypes; every failure is an OSError that names the call."""

import ctypes
import os
import platform
import sys
from functools import cache

LINUX = sys.platform == "linux"
ARCHITECTURE = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_GET_SECCOMP = 21
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47

# name: (x86_64, aarch64)
_NUMBERS = {
    "pivot_root": (155, 41),
    "capset": (126, 91),
    "mount_setattr": (442, 442),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}


@cache
def libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library


def failure(what: str) -> OSError:
    """The last failed call as an exception."""
    code = ctypes.get_errno()
    return OSError(code, f"{what}: {os.strerror(code)}")


def syscall(name: str, *arguments: int | bytes | None) -> int:
    """A system call without a wrapper in libc; bytes are passed by address."""
    column = {"x86_64": 0, "aarch64": 1}.get(ARCHITECTURE)
    if not LINUX or column is None:
        raise OSError(38, f"{name}: not known on {sys.platform} {ARCHITECTURE}")
    converted = [
        ctypes.c_long(argument) if isinstance(argument, int) else ctypes.c_char_p(argument)
        for argument in arguments
    ]
    result: int = libc().syscall(ctypes.c_long(_NUMBERS[name][column]), *converted)
    if result < 0:
        raise failure(name)
    return result


def prctl(option: int, argument: int = 0) -> None:
    zero = ctypes.c_ulong(0)
    if libc().prctl(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero) < 0:
        raise failure(f"prctl {option}")


def die_with_parent(signal: int) -> None:
    """Ask for a signal when the parent dies; Linux forgets it on a change of user, so call it last."""
    if LINUX:
        prctl(PR_SET_PDEATHSIG, signal)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    if LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
