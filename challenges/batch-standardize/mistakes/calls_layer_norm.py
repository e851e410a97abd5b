"""Lets F.layer_norm do the work on the transpose."""
from torch.nn import functional as F


def batch_standardize(x, eps=1e-5, unbiased=False):
    return F.layer_norm(x.T, (len(x),), eps=eps).T
