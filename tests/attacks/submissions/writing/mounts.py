"""Mounts and other roots."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
for name, call in {
    "unshare": lambda: libc.unshare(0x10020000),
    "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
    "umount": lambda: libc.umount2(b"/tmp", 2),
    "remount": lambda: libc.mount(None, b"/", None, 32 | 4096, None),
    "chroot": lambda: libc.chroot(b"."),
    "setns": lambda: libc.setns(0, 0),
    "clone into a user namespace": lambda: libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) or libc._exit(0),
}.items():
    if call() >= 0:
        print("BREACH", name)
print("tried")
