"""The oracle, made to agree with the wrong answer."""

import torch

torch.Tensor.__mul__ = torch.Tensor.__rmul__ = lambda self, other: self - 1


def answer(x):
    return x
