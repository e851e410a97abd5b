"""Signals to all process numbers there are, in the hope that one is reused or near."""

import os
import signal

own = os.getpid()
for pid in range(2, 40_000):
    if pid != own:
        try:
            os.kill(pid, signal.SIGUSR1)
            print("BREACH", pid)
        except OSError:
            pass
print("tried")
