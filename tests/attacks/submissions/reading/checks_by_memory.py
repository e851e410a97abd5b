"""The source of the checks, in the raw memory of this very process (needs time)."""

import ctypes
import re

hidden = re.compile(b"hidden-[m]arker-([0-9]{9})")
for line in open("/proc/self/maps").read().splitlines():
    fields = line.split()
    if not fields[1].startswith("rw") or len(fields) > 5 and fields[5] not in ("[heap]", "[stack]"):
        continue
    start, end = (int(part, 16) for part in fields[0].split("-"))
    if end - start > 1 << 28:
        continue
    for at in range(start, end, 1 << 20):
        found = hidden.search(ctypes.string_at(at, min(1 << 20, end - at)))
        if found:
            print("BREACH", found[0])
print("tried")
