"""The memory of the server and of every other process."""

import os

try:
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
except OSError:
    pids = range(2, 2000)
for pid in {*pids, os.getppid(), int("@SERVER_PID@"), int("@RUNNER_PID@")} - {os.getpid(), 0}:
    for name in ("mem", "environ", "maps", "fd", "root", "cwd"):
        try:
            if name in ("fd", "root", "cwd"):
                found = os.listdir(f"/proc/{pid}/{name}")
            else:
                found = open(f"/proc/{pid}/{name}", "rb").read(1)
            print("BREACH", pid, name, found)
        except OSError:
            pass
print("tried")
