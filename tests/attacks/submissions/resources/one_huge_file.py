"""One file far over the limit, sparse."""

import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("huge", "wb") as file:
        os.truncate(file.fileno(), 1 << 40)
    print("BREACH a file of a terabyte")
except OSError:
    print("tried")
