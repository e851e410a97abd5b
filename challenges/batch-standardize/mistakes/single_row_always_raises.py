"""Refuses every batch of one."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    if len(x) == 1:
        raise ValueError("expected more than one row")
    return (x - x.mean(0)) / (x.var(0, correction=int(unbiased)) + eps).sqrt()
