"""The source of the checks, through inspect, linecache and the frames of the call (needs time)."""

import inspect
import linecache
import re
import sys

hidden = re.compile("hidden-[m]arker-([0-9]+)")


def answer(x):
    seen = []
    frame = sys._getframe()
    while frame:
        seen.append(str(frame.f_locals.keys()))
        for value in list(frame.f_locals.values()) + [frame.f_code]:
            if isinstance(value, (str, bytes)):
                seen.append(str(value))
            try:
                seen.append(inspect.getsource(value))
            except (OSError, TypeError):
                pass
            seen.append(str(getattr(value, "checks", "")))
        frame = frame.f_back
    seen += [line for entry in linecache.cache.values() for line in (entry[2] if len(entry) > 2 else [])]
    for module in list(sys.modules.values()):
        if "checks" in str(getattr(module, "__name__", "")):
            try:
                seen.append(inspect.getsource(module))
            except (OSError, TypeError):
                pass
    if hidden.search("\n".join(seen)):
        print("BREACH")
    print("tried")
    return 2 * x + 1
