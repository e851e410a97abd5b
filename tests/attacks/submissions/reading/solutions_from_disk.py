"""The built-in challenges, wherever drill keeps them."""

import glob
import os
import sys

for entry in {*sys.path, "@CHECKOUT@", "@CHECKOUT@/drill"}:
    for pattern in ("challenges/*/solutions/*.py", "drill/challenges/*/solutions/*.py", "challenges/*/checks.py"):
        for path in glob.glob(os.path.join(entry, pattern)):
            try:
                print("BREACH", path, open(path).read(10))
            except OSError:
                pass
try:
    import drill

    for folder, _, files in os.walk(os.path.dirname(drill.__file__)):
        for name in files:
            try:
                print("BREACH", open(os.path.join(folder, name)).read(10))
            except OSError:
                pass
except ImportError:
    pass
print("tried")
