"""Landlock: the file system and TCP ports that a process and its children may still reach. Needs no privilege."""

import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from drill.judge.confine import system

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

LIST = _READ_DIR
READ = _READ_FILE | _READ_DIR
EXECUTE = READ | _EXECUTE
WRITE = ((1 << 15) - 1) & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _MAKE_SOCK)
SOCKETS = _MAKE_SOCK
CHANGE = READ | _WRITE_FILE | _TRUNCATE
DEVICE = READ | _WRITE_FILE | _IOCTL_DEV

# What each version of the interface can restrict; a kernel refuses bits that it does not know.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_TCP_BIND_CONNECT = 3
_SIGNALS_AND_ABSTRACT_SOCKETS = 3
_PATH_BENEATH = 1


@dataclass(frozen=True, slots=True)
class Allowed:
    """One path, with everything below it, and what may be done there."""

    path: str
    rights: int


def version() -> int:
    """The version of the kernel's interface, 0 where there is none."""
    try:
        return system.syscall("landlock_create_ruleset", None, 0, 1)
    except OSError:
        return 0


def restrict(allowed: Iterable[Allowed]) -> None:
    """Take from this process everything but `allowed`, TCP altogether, and signals to the outside.

    Acts on the calling thread only, so call it while there is just one.
    """
    abi = version()
    if not abi:
        raise OSError(38, "landlock: not in this kernel")
    handled = _FILE_RIGHTS.get(abi, (1 << 16) - 1)
    fields = [handled]
    if abi >= 4:
        fields.append(_TCP_BIND_CONNECT)
    if abi >= 6:
        fields.append(_SIGNALS_AND_ABSTRACT_SOCKETS)
    attributes = struct.pack(f"{len(fields)}Q", *fields)
    ruleset = system.syscall("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        for rule in allowed:
            _allow(ruleset, rule, handled)
        system.prctl(system.PR_SET_NO_NEW_PRIVS, 1)
        system.syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, rule: Allowed, handled: int) -> None:
    try:
        path = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine, so there is nothing to allow
    try:
        rights = rule.rights & handled
        if not stat.S_ISDIR(os.fstat(path).st_mode):
            rights &= _ON_FILES
        if rights:
            attributes = struct.pack("=Qi", rights, path)
            system.syscall("landlock_add_rule", ruleset, _PATH_BENEATH, attributes, 0)
    finally:
        os.close(path)
