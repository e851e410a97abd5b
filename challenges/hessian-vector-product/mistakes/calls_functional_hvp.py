"""Lets torch.autograd.functional do the work."""
from torch.autograd import functional


def hvp(f, inputs, vectors):
    return functional.hvp(f, inputs, vectors)[1]
