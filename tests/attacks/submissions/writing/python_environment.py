"""The packages that the next check will import."""

import os
import sys
import sysconfig

places = [*sysconfig.get_paths().values(), *sys.path, os.path.dirname(os.__file__)]
for place in filter(None, places):
    if os.path.abspath(place).startswith("/tmp/"):
        continue  # a checkout there: what is written may be private, and the runner looks at the real /tmp
    for name in ("sitecustomize.py", "planted.pth", "torch/planted.py", "__pycache__/os.cpython-311.pyc"):
        try:
            open(os.path.join(place, name), "a").write("import planted")
            print("BREACH", place, name)
        except OSError:
            pass
print("tried")
