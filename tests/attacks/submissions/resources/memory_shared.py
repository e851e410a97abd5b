"""Anonymous shared mappings, which no limit on a process's data counts (needs time)."""

import mmap

hoard = []
while True:
    piece = mmap.mmap(-1, 1 << 26)
    for page in range(0, 1 << 26, 4096):
        piece[page] = 1
    hoard.append(piece)
