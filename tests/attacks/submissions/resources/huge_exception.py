"""An exception whose text has a hundred million characters (needs time)."""


def answer(x):
    raise ValueError("x" * 100_000_000)
