"""The kernel's log, its memory, and block devices."""

import glob

for path in ["/dev/mem", "/dev/kmsg", "/proc/kcore", "/proc/kallsyms", "/sys/kernel/debug", "/proc/1/mountinfo", *glob.glob("/dev/vd*"), *glob.glob("/dev/sd*"), "/dev/tty", "/dev/ptmx"]:
    try:
        found = open(path, "rb").read(10)
        if path != "/proc/kallsyms" and path != "/proc/1/mountinfo":
            print("BREACH", path, found)
    except OSError:
        pass
print("tried")
