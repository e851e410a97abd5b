"""A second name for a file outside, so that a change or a clean-up reaches it."""

import os

for target in ("@HOME@/notes.txt", "/usr/bin/env", os.__file__):
    try:
        os.link(target, "hard")
        print("BREACH", target)
        os.unlink("hard")
    except OSError:
        pass
print("tried")
