"""Recursion without an end."""


def answer(x):
    return answer(x)
