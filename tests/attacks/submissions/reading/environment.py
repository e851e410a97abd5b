"""Secrets in the environment, Python's view of it and the system's."""

import ctypes
import os

seen = str(dict(os.environ))
for path in ("/proc/self/environ", "/proc/1/environ", f"/proc/{os.getppid()}/environ"):
    try:
        seen += open(path).read()
    except OSError:
        pass
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
index = 0
while environ[index]:
    seen += environ[index].decode()
    index += 1
print("BREACH" if "s3cret" in seen else "tried")
