"""A directory that turns into a link and back while the judge may be looking at it."""

import os
import threading
import time


def swap():
    while True:
        try:
            os.mkdir("race")
            open("race/file", "w").close()
            os.unlink("race/file")
            os.rmdir("race")
            os.symlink("@HOME@", "race")
            os.unlink("race")
        except OSError:
            pass


threading.Thread(target=swap, daemon=True).start()
time.sleep(0.3)
print("tried")
