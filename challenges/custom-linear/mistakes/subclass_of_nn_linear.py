"""Subclasses nn.Linear, which is the exercise."""
from torch import nn


class MyLinear(nn.Linear):
    pass
