"""The store of attempts, the judge's socket directory and the configuration."""

import os

for path in ("@DRILL_HOME@/data/drill.db", "@DRILL_HOME@/config/config.toml", "@RUNTIME@"):
    try:
        print("BREACH", path, os.listdir(path) if path == "@RUNTIME@" else open(path, "rb").read(10))
    except OSError:
        pass
print("tried")
