"""A lock taken twice."""

import threading

lock = threading.Lock()
lock.acquire()
lock.acquire()
