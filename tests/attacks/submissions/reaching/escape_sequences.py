"""Escape sequences in everything that a report shows."""

print("\x1b]0;planted\x07\x1b[2J\x1b[31m\u202ereversed\x9b31m\rover")


def answer(x):
    raise type("\x1b[2JName", (Exception,), {})("\x1b]52;c;cGxhbnRlZA==\x07 \x00 \u2066 text")
