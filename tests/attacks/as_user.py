"""Runs a command as an ordinary user on a machine where everything else, tests included, is root's.

`python as_user.py UID COMMAND...`: a mount and a process namespace with a /tmp, /var/tmp, /dev/shm and
/proc of their own, so that whatever an attack leaves behind shows, and other programs of this machine
do not. A Python under /root, where no other user may go, is bound into an empty /root.
"""

import ctypes
import os
import sys
from pathlib import Path
from typing import NoReturn

NEW_MOUNTS, NEW_PIDS, NEW_IPC = 0x20000, 0x20000000, 0x8000000
PRIVATE_RECURSIVE, BIND_RECURSIVE = (1 << 18) | 16384, 4096 | 16384
libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    arguments = [None if text is None else text.encode() for text in (source, target, kind, options)]
    if libc.mount(*arguments[:3], ctypes.c_ulong(flags), arguments[3]) < 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def main() -> int:
    uid, command = int(sys.argv[1]), sys.argv[2:]
    if libc.unshare(NEW_MOUNTS | NEW_PIDS | NEW_IPC) < 0:
        raise OSError(ctypes.get_errno(), "unshare")
    mount("none", "/", None, PRIVATE_RECURSIVE)
    pid = os.fork()
    if pid == 0:
        be_first_process(uid, command)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def be_first_process(uid: int, command: list[str]) -> NoReturn:
    mount("proc", "/proc", "proc", 0)
    keep_python()
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        mount("tmpfs", place, "tmpfs", 0, "mode=1777")
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable again, or /proc/self belongs to root
    run_as_first_process(command)


def keep_python() -> None:
    base = Path(sys.base_prefix)
    if base.is_relative_to("/root"):
        held = os.open(base, os.O_PATH)
        mount("tmpfs", "/root", "tmpfs", 0, "mode=0755")
        base.mkdir(parents=True)
        mount(f"/proc/self/fd/{held}", str(base), None, BIND_RECURSIVE)


def run_as_first_process(command: list[str]) -> NoReturn:
    """Process 1 has to wait for orphans, or they show as left behind."""
    pid = os.fork()
    if pid == 0:
        os.execv(command[0], command)
    while True:
        ended, status = os.wait()
        if ended == pid:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    sys.exit(main())
