"""/tmp, where other programs of the same user keep theirs."""

import os

for place in ("/tmp", "/var/tmp", "/run", "@RUNTIME@"):
    try:
        open(f"{place}/planted-by-attack", "w").close()
        print("planted", place)
    except OSError:
        pass
for path in ("/tmp/others-file", "/var/tmp/others-file"):
    for attempt in (open, os.unlink):
        try:
            attempt(path)
            print("BREACH", path)
        except OSError:
            pass
print("tried")
