"""Signals to the warden, the server, the client, the group and everyone."""

import os
import signal

for pid in (os.getppid(), int("@SERVER_PID@"), int("@RUNNER_PID@"), int("@VICTIM_PID@")):
    for number in (0, signal.SIGTERM, signal.SIGKILL):
        try:
            if pid > 1:
                os.kill(pid, number)
                print("BREACH", pid, number)
        except OSError:
            pass
for group in (int("@SERVER_PID@"), int("@RUNNER_PID@")):
    try:
        os.killpg(group, signal.SIGTERM)
        print("BREACH group", group)
    except OSError:
        pass
print("tried")
