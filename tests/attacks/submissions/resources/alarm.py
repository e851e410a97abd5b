"""An alarm handler that swallows every exception and goes on."""

import signal
import time


def again(*_):
    signal.setitimer(signal.ITIMER_REAL, 0.01)


signal.signal(signal.SIGALRM, again)
signal.setitimer(signal.ITIMER_REAL, 0.01)
while True:
    try:
        time.sleep(1)
    except BaseException:
        pass
