"""Exceptions that nobody expects from a function."""


def answer(x):
    raise GeneratorExit
