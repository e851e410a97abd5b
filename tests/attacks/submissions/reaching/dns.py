"""Names, which resolvers may carry out on one's behalf."""

import socket

for name in ("localhost", "example.com"):
    try:
        found = socket.getaddrinfo(name, 80)
        if name != "localhost":
            print("BREACH", found)
    except OSError:
        pass
print("tried")
