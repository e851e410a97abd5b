"""Keystrokes for the terminal that drill runs in, and the terminal itself."""

import fcntl
import os

for descriptor in (0, 1, 2):
    for request in (0x5412, 0x541C, 0x540E):  # TIOCSTI, TIOCLINUX, TIOCSCTTY
        try:
            fcntl.ioctl(descriptor, request, b"x")
            print("BREACH", descriptor, request)
        except OSError:
            pass
for path in ("/dev/tty", "/dev/console", "/dev/pts/0"):
    try:
        os.open(path, os.O_RDWR)
        print("BREACH", path)
    except OSError:
        pass
print("tried")
