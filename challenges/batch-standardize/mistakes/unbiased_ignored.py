"""Accepts the flag and never looks at it."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    return (x - x.mean(0)) / (x.var(0, correction=0) + eps).sqrt()
