"""Unix sockets without a path, which no file permission covers."""

import socket

try:
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(0.3)
        one.connect("\0@ABSTRACT@")
        print("BREACH")
except OSError:
    pass
print("tried")
