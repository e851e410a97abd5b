"""A program with the set-user-id bit, left for somebody to run."""

import os

open("tool", "w").close()
for attempt in (
    lambda: os.chmod("tool", 0o4755),
    lambda: os.mknod("device", 0o600 | 0o020000, os.makedev(1, 1)),
):
    try:
        attempt()
        if os.path.exists("device") or os.stat("tool").st_mode & 0o6000:
            print("BREACH")
    except OSError:
        pass
print("tried")
