"""Takes the deviation first and squares it again: the right value, and a NaN gradient where it is 0."""


def batch_standardize(x, eps=1e-5, unbiased=False):
    if unbiased and len(x) == 1:
        raise ValueError("one row")
    deviation = (x - x.mean(0)).square().sum(0).div(len(x) - unbiased).sqrt()
    return (x - x.mean(0)) / (deviation**2 + eps).sqrt()
