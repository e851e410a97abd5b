"""Leaves torch.var at its default, which divides by N - 1."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    return (x - x.mean(0)) / (x.var(0) + eps).sqrt()
