"""No trick at all: the control. A wrong answer is a wrong answer."""


def answer(x):
    return x
