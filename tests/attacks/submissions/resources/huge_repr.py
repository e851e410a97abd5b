"""A result whose repr has no end."""


class Endless:
    def __repr__(self):
        return "x" * (1 << 30)


def answer(x):
    return Endless()
