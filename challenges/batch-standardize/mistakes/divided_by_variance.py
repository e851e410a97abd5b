"""Forgets the root."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    return (x - x.mean(0)) / (x.var(0, correction=int(unbiased)) + eps)
