"""The same on the other descriptor, in pieces of one byte."""

import os

while True:
    os.write(2, b"x")
