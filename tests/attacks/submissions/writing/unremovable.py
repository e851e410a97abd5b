"""Directories without permissions and names that are hard to delete."""

import os

path = "deep"
for _ in range(150):
    os.mkdir(path)
    path += "/" + "d" * 20
os.makedirs("locked/inside")
open("locked/inside/file", "w").close()
open("\udcff\n-rf *", "w").close()
try:
    os.chmod("locked/inside", 0)
    os.chmod("locked", 0)
except OSError:
    pass
print("tried")
