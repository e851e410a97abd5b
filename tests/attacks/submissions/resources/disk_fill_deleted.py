"""Files that are deleted while they are open, so that no listing shows them."""

import os
import time

hoard = []
while True:
    try:
        file = open(f"gone-{len(hoard)}", "wb")
        os.unlink(file.name)
        hoard.append(file)
        for _ in range(15):
            file.write(bytes(1 << 20))
    except OSError:
        time.sleep(0.01)
