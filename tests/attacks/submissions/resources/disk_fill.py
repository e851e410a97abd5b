"""Files until the disk is full."""

import time

number = 0
while True:
    try:
        with open(f"fill-{number}", "wb") as file:
            for _ in range(15):
                file.write(bytes(1 << 20))
    except OSError:
        time.sleep(0.01)
    number += 1
