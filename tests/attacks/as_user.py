"""Runs a command as an ordinary user on a machine where everything else, tests included, is root's.

`python as_user.py UID COMMAND...`: a mount and a process namespace with a /tmp, /var/tmp, /dev/shm and
/proc of their own, so that whatever an attack leaves behind shows, and other programs of this machine
do not. A Python under /root, where no other user may go, is bound into an empty /root, and so is a checkout.
"""

import ctypes
import os
import sys
from pathlib import Path
from typing import NoReturn

NEW_MOUNTS, NEW_PIDS, NEW_IPC = 0x20000, 0x20000000, 0x8000000
PRIVATE_RECURSIVE, BIND_RECURSIVE = (1 << 18) | 16384, 4096 | 16384
libc = ctypes.CDLL(None, use_errno=True)


def mount(
    source: str, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    arguments = [
        None if text is None else text.encode() for text in (source, target, kind, options)
    ]
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
    checkout = Path(__file__).resolve().parents[2]
    needed = [Path(sys.base_prefix), Path(sys.prefix), checkout]
    if any(path.is_relative_to("/root") for path in needed):
        hide("/root", "mode=0755", needed)
    for place in ("/tmp", "/var/tmp", "/dev/shm"):
        hide(place, "mode=1777", needed)
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # dumpable again, or /proc/self belongs to root
    run_as_first_process(command)


def hide(place: str, mode: str, needed: list[Path]) -> None:
    """Put an empty directory over a place; what the tests themselves need of it stays."""
    held = [(path, os.open(path, os.O_PATH)) for path in needed if path.is_relative_to(place)]
    mount("tmpfs", place, "tmpfs", 0, mode)
    for path, descriptor in held:
        path.mkdir(parents=True, exist_ok=True)
        mount(f"/proc/self/fd/{descriptor}", str(path), None, BIND_RECURSIVE)


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
