"""Takes the mean instead of the sum."""


def pairwise_distances(x, y):
    return (x[:, None] - y).pow(2).mean(-1).clamp_min(1e-12).sqrt()
