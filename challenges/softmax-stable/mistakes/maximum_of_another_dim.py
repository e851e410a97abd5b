"""Subtracts the maximum along the last dimension, and divides along dim."""


def softmax(x, dim):
    e = (x - x.amax(-1, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)
