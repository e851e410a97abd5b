"""Many children, each below the limit, together far above it (needs time)."""

import os
import time

for _ in range(12):
    if os.fork() == 0:
        hoard = bytearray(120 << 20)
        for page in range(0, len(hoard), 4096):
            hoard[page] = 1
        time.sleep(3600)
time.sleep(3600)
