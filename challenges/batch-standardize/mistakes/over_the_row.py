"""Normalises each example, as LayerNorm does."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    var = x.var(-1, correction=int(unbiased), keepdim=True)
    return (x - x.mean(-1, keepdim=True)) / (var + eps).sqrt()
