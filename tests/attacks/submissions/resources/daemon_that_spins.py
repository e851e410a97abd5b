"""A daemon that outlives the judged process and burns the CPU."""

import os

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            pass
    os._exit(0)


def answer(x):
    os._exit(0)
