"""UDP, with an answer or without."""

import socket

try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"planted", ("127.0.0.1", int("@UDP_PORT@")))
        print("sent")
except OSError:
    pass
print("tried")
