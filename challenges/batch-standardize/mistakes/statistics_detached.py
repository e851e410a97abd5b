"""Takes the statistics under no_grad, as if they were not computed from x."""
import torch


def batch_standardize(x, eps=1e-5, unbiased=False):
    if unbiased and len(x) == 1:
        raise ValueError("one row")
    with torch.no_grad():
        mean, var = x.mean(0), x.var(0, correction=int(unbiased))
    return (x - mean) / (var + eps).sqrt()
