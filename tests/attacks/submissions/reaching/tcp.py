"""TCP: to the machine, to the network, and as a server."""

import socket

for address in (("127.0.0.1", int("@TCP_PORT@")), ("::1", int("@TCP_PORT@")), ("1.1.1.1", 53), ("169.254.169.254", 80)):
    try:
        socket.create_connection(address, timeout=0.3)
        print("BREACH", address)
    except OSError:
        pass
try:
    socket.create_server(("0.0.0.0", 0))
    print("BREACH server")
except OSError:
    pass
print("tried")
