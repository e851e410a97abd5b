"""SIGSTOP: a process that neither runs nor ends."""

import os
import signal
import time

os.kill(os.getpid(), signal.SIGSTOP)
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
os.waitpid(child, os.WUNTRACED)
time.sleep(3600)
