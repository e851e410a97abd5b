"""Another user, more capabilities, a set-user-id program."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for name, attempt in {
    "setuid": lambda: os.setuid(0 if os.getuid() else 1),
    "setgroups": lambda: os.setgroups([0]),
    "capset": lambda: 0 / (libc.capset(b"\x22\x05\x08\x20" + bytes(4), b"\xff" * 24) >= 0),
    "dumpable again": lambda: 0 / (libc.prctl(4, 1, 0, 0, 0) >= 0),
    "sethostname": lambda: 0 / (libc.sethostname(b"planted", 7) >= 0),
    "clock": lambda: __import__("time").clock_settime(0, 0),
}.items():
    try:
        attempt()
        print("BREACH", name)
    except (OSError, ZeroDivisionError):
        pass
print("tried")
