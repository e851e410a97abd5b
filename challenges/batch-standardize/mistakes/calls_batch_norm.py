"""Lets F.batch_norm do the work."""
from torch.nn import functional as F


def batch_standardize(x, eps=1e-5, unbiased=False):
    rows = x.reshape(len(x), -1)
    return F.batch_norm(rows, None, None, training=True, eps=eps).view_as(x)
