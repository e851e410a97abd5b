"""Raw packets, netlink, virtual sockets and every other family."""

import socket

for family in range(1, 46):
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM):
        try:
            socket.socket(family, kind).close()
            if family != socket.AF_UNIX:
                print("BREACH", family, kind)
        except OSError:
            pass
print("tried")
