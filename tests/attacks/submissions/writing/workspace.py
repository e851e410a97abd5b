"""The submission's own file, the stub and the packs."""

import os

for path in ("@HOME@/workspace/submission.py", "@CHECKOUT@/challenges/pack.yaml", "@CHECKOUT@/drill/checking.py"):
    for attempt in (
        lambda path: open(path, "a"),
        os.unlink,
        lambda path: os.rename(path, path + "x"),
        lambda path: os.truncate(path, 0),
    ):
        try:
            attempt(path)
            print("BREACH", path)
        except OSError:
            pass
print("tried")
