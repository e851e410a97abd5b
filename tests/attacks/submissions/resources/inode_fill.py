"""Empty files without an end."""

import time

number = 0
while True:
    try:
        open(f"empty-{number}", "w").close()
    except OSError:
        time.sleep(0.01)
    number += 1
