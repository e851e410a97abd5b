"""Recursion through C, with Python's own limit taken away."""

import sys

sys.setrecursionlimit(1 << 30)


class Deep:
    def __repr__(self):
        return repr([self])


def answer(x):
    return repr(Deep())
