"""Subclasses nn.BatchNorm1d and lifts its shape check."""

from torch import nn


class BatchNorm(nn.BatchNorm1d):
    def _check_input_dim(self, x):
        pass
