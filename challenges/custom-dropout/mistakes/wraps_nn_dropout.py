"""Subclasses nn.Dropout."""
from torch import nn


class Dropout(nn.Dropout):
    pass
