"""Tracing the warden or the server, and pidfds to them."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
attach, seize = 16, 0x4206
for pid in (os.getppid(), int("@SERVER_PID@"), int("@VICTIM_PID@")):
    if pid and (libc.ptrace(attach, pid, 0, 0) >= 0 or libc.ptrace(seize, pid, 0, 0) >= 0):
        print("BREACH", pid)
    if pid and libc.syscall(434, pid, 0) >= 0:
        print("BREACH pidfd", pid)
print("tried")
