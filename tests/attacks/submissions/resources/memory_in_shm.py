"""Files in /dev/shm, which are memory too (needs time)."""

import os

written = 0
try:
    for number in range(64):
        with open(f"/dev/shm/hoard-{os.getpid()}-{number}", "wb") as file:
            for _ in range(60):
                written += file.write(bytes(1 << 20))
except OSError:
    pass
print("BREACH more than 1 GB in /dev/shm" if written > 1 << 30 else "tried")
