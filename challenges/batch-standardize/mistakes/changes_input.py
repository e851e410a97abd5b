"""Centres the caller's tensor."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    if unbiased and len(x) == 1:
        raise ValueError("one row")
    x -= x.mean(0)
    return x / (x.var(0, correction=int(unbiased)) + eps).sqrt()
