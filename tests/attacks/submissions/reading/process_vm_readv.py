"""Another process's memory by system call."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(8)
vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
for pid in (os.getppid(), int("@SERVER_PID@")):
    if pid and libc.process_vm_readv(pid, vector, 1, vector, 1, 0) >= 0:
        print("BREACH", pid)
print("tried")
