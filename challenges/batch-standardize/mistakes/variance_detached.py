"""Detaches the scale."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    if unbiased and len(x) == 1:
        raise ValueError("one row")
    var = x.detach().var(0, correction=int(unbiased))
    return (x - x.mean(0)) / (var + eps).sqrt()
