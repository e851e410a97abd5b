"""Upwards from the working directory, and through descriptors."""

import os

for base in ("..", "../..", "/proc/self/cwd/..", "/proc/self/root", "/proc/1/root", "/proc/1/cwd"):
    try:
        with open(f"{base}/@HOME@/notes.txt") as file:
            print("BREACH", base, file.read())
    except OSError:
        pass
for number in range(3, 600):
    try:
        print("BREACH", os.open("notes.txt", os.O_RDONLY, dir_fd=number))
    except OSError:
        pass
print("tried")
