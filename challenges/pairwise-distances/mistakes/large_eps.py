"""Guards the root with a constant that shows."""


def pairwise_distances(x, y):
    return ((x[:, None] - y).pow(2).sum(-1) + 2e-4).sqrt()
