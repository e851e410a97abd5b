"""The user's files, by looking around."""

import os

for place in ("@HOME@", "@HOME@/.ssh", "/home", "/root", "/work", "/mnt"):
    try:
        names = os.listdir(place)
    except OSError:
        continue
    if names and place not in ("/root", "/work"):
        print("BREACH", place, names)
print("tried")
