"""Children that end and are never waited for (needs time)."""

import os
import time

for _ in range(10):
    if os.fork() == 0:
        os._exit(0)
time.sleep(0.2)
