"""sys.exit(0) from inside a check."""

import sys


def answer(x):
    sys.exit(0)
