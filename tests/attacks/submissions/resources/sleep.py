"""Sleeping through every limit on CPU time."""

import time

time.sleep(3600)
