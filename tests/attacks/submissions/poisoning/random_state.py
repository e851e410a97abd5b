"""The generators of torch, NumPy and Python."""

import random

import numpy
import torch

torch.manual_seed(12345)
numpy.random.seed(12345)
random.seed(12345)
torch.randn(1000)
