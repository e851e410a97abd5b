"""A write to address 1."""

import ctypes


def answer(x):
    ctypes.memset(1, 0, 1)
