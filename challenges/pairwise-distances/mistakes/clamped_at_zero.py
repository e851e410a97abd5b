"""Clamps at 0: no NaN forward, NaN backward."""


def pairwise_distances(x, y):
    squared = x.pow(2).sum(1, keepdim=True) + y.pow(2).sum(1) - 2 * x @ y.T
    return squared.clamp(min=0).sqrt()
