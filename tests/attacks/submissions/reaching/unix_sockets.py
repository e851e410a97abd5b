"""Services of the user on Unix sockets: an agent, a daemon, the judge itself."""

import socket

for path in ("@HOME@/agent.sock", "@RUNTIME_SOCKET@", "/var/run/docker.sock", "/run/dbus/system_bus_socket"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(socket.AF_UNIX, kind) as one:
                one.settimeout(0.3)
                one.connect(path)
                print("BREACH", path)
        except OSError:
            pass
print("tried")
