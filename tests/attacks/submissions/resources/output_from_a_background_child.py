"""A child goes on printing after its parent has answered (needs time)."""

import os

if os.fork() == 0:
    while True:
        os.write(1, b"still here\n" * 100)
