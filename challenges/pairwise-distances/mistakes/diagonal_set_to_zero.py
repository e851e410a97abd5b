"""Sets the diagonal to 0 where there are as many rows in x as in y."""

import torch


def pairwise_distances(x, y):
    distances = torch.linalg.vector_norm(x[:, None] - y, dim=-1)
    return distances.fill_diagonal_(0.0) if len(x) == len(y) else distances
