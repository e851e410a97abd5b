"""Modes, owners and times of the user's files, which some sandboxes forget."""

import os

for path in ("@HOME@/notes.txt", "@HOME@/.ssh/id_ed25519", "@HOME@"):
    for attempt in (
        lambda path: os.chmod(path, 0o777),
        lambda path: os.utime(path, (0, 0)),
        lambda path: os.chown(path, os.getuid(), os.getgid()),
        lambda path: os.setxattr(path, "user.planted", b"1"),
    ):
        try:
            attempt(path)
            print("BREACH", path)
        except OSError:
            pass
print("tried")
